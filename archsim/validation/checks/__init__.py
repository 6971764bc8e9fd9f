"""One module per dataset, or per group of kin datasets; every module here is found by itself."""
