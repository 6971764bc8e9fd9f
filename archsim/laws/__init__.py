"""Physics and counting laws: small scalar functions; families are sentences made of them."""
