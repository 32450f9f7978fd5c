"""check-manifest.py SCHEMA MANIFEST: the manifest is as the schema says, and the schema is one."""
import json
import sys

import jsonschema

schema, manifest = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft7Validator.check_schema(schema)
jsonschema.validate(manifest, schema)
