"""What every process of the server does: children that cannot outlive it, its end, its open files, its garbage."""
