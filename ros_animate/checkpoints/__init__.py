"""Checkpoints: files with the weights of networks, found, read, recognised, checked and written.

| module | job |
|---|---|
| weights | finds the weights of a family on this machine, and loads them |
| catalogue | lists published weights: source, licence, size |
| variants | reads the published configurations, config/models/*.yaml |
| checkpoint | the contents of a checkpoint: `read`, `problems`, `load`, `save`, `damage` |
| recognition | assigns state dicts to the sub-networks of a family and variant |
| layout | names and shapes that the networks expect, compared with those in a file |
| state_dicts | collects the state dicts of files, in the format of current torch |
| tensor_files | reads a file of tensors: torch's two formats and safetensors |
| pickles, pickle_records | reads pickles without executing anything |
"""
