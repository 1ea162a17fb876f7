"""Measures image animation on clips, by the papers' protocols.

| module | holds |
|---|---|
| clips, tasks | clips, and the animations to make of them: reconstruction, transfer, imitation |
| methods | animation methods: an animator plug-in, or the source image repeated |
| tracking | the independent face tracker that measures true and generated frames |
| distances | L1, AKD, MKR, AED, head-pose error, jitter |
| identity, features, frechet | embedding of AED, features and formula of the Fréchet distances |
| measures | all measures of a clip |
| measurement, results | evaluation of several methods on all clips, and its results |
| published, table, figures | the papers' tables, ours, charts and samples |
"""
