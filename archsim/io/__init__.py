"""Reading descriptions: YAML with positions, catalogues, overrides, validation, and the schema of it all."""
