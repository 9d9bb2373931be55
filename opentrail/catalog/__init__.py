"""Every AWS resource we manage, as rows: access keys, imports; and the migrations that make them."""
