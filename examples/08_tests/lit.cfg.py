import os, shutil
prefix = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("rondo"))))
lit_config.load_config(config, os.path.join(prefix, "lib/rondo/lit/rondo.cfg.py"))
