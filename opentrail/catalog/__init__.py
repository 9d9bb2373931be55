"""Every AWS resource we manage, as rows: access keys, imports, trails, tags; and the migrations that make them."""
