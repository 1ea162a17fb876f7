"""Measures of image animation: what an animator makes of clips, by the papers' protocols.

| module | holds |
|---|---|
| tasks | what is animated: reconstruction and transfer |
| performers | who animates: an animator plug-in, or the source picture repeated |
| watching | the independent detector that looks at real and made frames |
| distances | L1, AKD, MKR, AED, head-pose error, jitter |
| identity, features, frechet | what AED and Fréchet distances are taken between |
| measuring | all of it, over all clips |
| published, table, pictures | the papers' tables, ours beside them, drawings |
"""
