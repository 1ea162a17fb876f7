"""Inference: networks prepared for speed, on a device.

| module | contents |
|---|---|
| engine | `prepare`: precision, memory layout, speed |
| acceleration | compilation, kept between starts, and CUDA graphs: which of them, and how |
| rewriting | replaces layers by faster equivalents |
| fast_layers, winograd, fourier | those layers |
| cuda_graphs | a step recorded and replayed on a GPU |
| device | choice of the device; images to tensors and back |
| loading | weights found, read and prepared |
| batching | networks that several threads share, with common forward passes |
| sharing | whether networks are shared |
| conversions | network outputs to `Motion` and back |
"""
