"""Muon optimizer (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon).

The update of a weight matrix is its momentum with all singular values near 1; other parameters
follow AdamW. On images of `ros_animate collect` policy networks need half as many of them as with
AdamW alone for the same error.

torch.optim.Muon is not used: it takes matrices only, and orthogonalises in bfloat16, which CPUs
without bf16 units emulate. Measured on one core (`benchmarks/optimizers.py`, bc_z): 12 s a step
instead of 0.55 s without such units, 0.38 s instead of 0.59 s with them.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

# Newton-Schulz iteration: the polynomial a x + b x^3 + c x^5 drives singular values towards 1.
_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_MATRIX_RATE = 20.0  # learning rate of matrices, as a multiple of the rest's
_MOMENTUM = 0.95
_BETAS, _EPS = (0.9, 0.999), 1e-8
_DECAY = 0.05  # weight decay of matrices by AdamW's: their rate is 20 times as high


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum for the matrices, Adam with decoupled weight decay for the rest.

    Args:
        matrices: Weights of the network's inner convolutions and linear layers.
        others: All other parameters.
        rate: Learning rate of the others; that of matrices is 20 times as high. A schedule sets
            `lr` of all groups to this rate.
        weight_decay: Weight decay of parameters with more than one dimension.
    """

    def __init__(self, matrices: Iterable[Tensor], others: Iterable[Tensor], rate: float,
                 weight_decay: float) -> None:
        rest = list(others)
        groups: list[dict[str, Any]] = [
            {'params': list(matrices), 'matrices': True, 'weight_decay': weight_decay},
            {'params': [p for p in rest if p.ndim > 1], 'weight_decay': weight_decay},
            {'params': [p for p in rest if p.ndim <= 1], 'weight_decay': 0.0}]
        super().__init__([g for g in groups if g['params']], {'lr': rate, 'matrices': False})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in group['params']:
                if parameter.grad is None:
                    continue
                if group['matrices']:
                    self._update_matrix(parameter, group)
                else:
                    self._update_adam(parameter, group)
        return loss

    def _update_matrix(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if not state:
            state['momentum'] = torch.zeros_like(parameter)
        momentum = state['momentum'].lerp_(gradient, 1 - _MOMENTUM)
        update = gradient.lerp(momentum, _MOMENTUM).flatten(1)  # Nesterov's
        rate = _MATRIX_RATE * group['lr']
        scale = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
        parameter.mul_(1 - rate * _DECAY * group['weight_decay'])
        parameter.sub_(orthogonalise(update).view_as(parameter), alpha=rate * scale)

    def _update_adam(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if not state:
            state.update(step=0, mean=torch.zeros_like(parameter),
                         square=torch.zeros_like(parameter))
        state['step'] += 1
        mean = state['mean'].lerp_(gradient, 1 - _BETAS[0])
        square = state['square'].mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1 - _BETAS[1])
        mean_part, square_part = (1 - beta ** state['step'] for beta in _BETAS)
        scale = (square / square_part).sqrt_().add_(_EPS)
        parameter.mul_(1 - group['lr'] * group['weight_decay'])
        parameter.addcdiv_(mean, scale, value=-group['lr'] / mean_part)


def orthogonalise(matrix: Tensor) -> Tensor:
    """(M, N) matrix with the same singular vectors and singular values of about 0.7 to 1.2.

    The rounds multiply X from the left by polynomials in X X^T, which commute. So they are computed
    on the Gram matrix of the smaller side, and X is multiplied once, by their product.
    """
    x = matrix.float()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    a, b, c = _POLYNOMIAL
    gram = x @ x.T
    product = unit = torch.eye(len(gram), device=gram.device)
    for _ in range(_ROUNDS):
        factor = torch.addmm(a * unit + b * gram, gram, gram, alpha=c)
        product = factor @ product
        gram = factor @ gram @ factor
    x = product @ x
    return (x.T if tall else x).to(matrix.dtype)


def for_network(network: nn.Module, rate: float, weight_decay: float) -> Muon:
    """Muon for a network.

    Matrices are the weights of convolutions and of linear layers in `nn.Sequential`, except the
    network's first layer, which reads colours or features, and the last layer of a Sequential.
    """
    inner = set(_inner(network))
    parameters = list(network.parameters())
    return Muon([p for p in parameters if id(p) in inner],
                [p for p in parameters if id(p) not in inner], rate, weight_decay)


def _inner(network: nn.Module) -> Iterator[int]:
    """`id` of each parameter that is a matrix."""
    first = next(m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear)))
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module is not first:
            yield id(module.weight)
        if isinstance(module, nn.Sequential):
            yield from (id(layer.weight) for layer in list(module)[:-1]
                        if isinstance(layer, nn.Linear) and layer is not first)
