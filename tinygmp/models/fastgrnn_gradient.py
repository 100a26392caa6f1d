"""FastGRNN over whole windows with a hand-written back-propagation through time.

One autograd node for all steps, several times faster than recording each. What does not depend on the next step's
state is done for a block of steps at once: fewer calls, and the block stays in a core's cache.
"""

import torch
from torch import Tensor

BLOCK_STEPS = 8


class FastGrnnWindow(torch.autograd.Function):
    """Final states of runs of FastGRNN (Kusupati et al. 2018, equations 4-6), state 0 before the first step.

    x [steps, runs, batch, inputs], W [runs, hidden, inputs], U [runs, hidden, hidden], biases [runs, hidden], zeta
    and nu [runs] (after the sigmoid) -> h [runs, batch, hidden]. x gets no gradient.
    """

    @staticmethod
    def forward(ctx, x, W, U, bias_gate, bias_update, zeta, nu):  # type: ignore[no-untyped-def]
        steps, runs, batch, _ = x.shape
        states = x.new_zeros(steps + 1, runs, batch, U.shape[1])
        gates, updates = torch.empty_like(states[1:]), torch.empty_like(states[1:])
        w_transposed, u_transposed = W.transpose(1, 2).contiguous(), U.transpose(1, 2).contiguous()
        gate_to_update = 2 * (bias_update - bias_gate)[:, None]
        zeta, nu = zeta[:, None, None], nu[:, None, None]
        gain = torch.empty_like(states[0])
        for step in range(steps):
            if step % BLOCK_STEPS == 0:
                w_part = (x[step : step + BLOCK_STEPS] @ w_transposed).add_(bias_gate[:, None])
            previous, state, z, c = states[step], states[step + 1], gates[step], updates[step]
            torch.baddbmm(w_part[step % BLOCK_STEPS], previous, u_transposed, out=z)
            # tanh(a) = 2 sigmoid(2 a) - 1: torch's sigmoid is ten times as fast as its tanh
            torch.add(gate_to_update, z, alpha=2, out=c).sigmoid_().mul_(2).sub_(1)
            z.sigmoid_()
            torch.addcmul(zeta + nu, z, -zeta, out=gain)
            torch.mul(z, previous, out=state).addcmul_(gain, c)
        ctx.save_for_backward(x, U, zeta, nu, states, gates, updates)
        return states[steps].clone()

    @staticmethod
    def backward(ctx, d_state):  # type: ignore[no-untyped-def]
        x, U, zeta, nu, states, gates, updates = ctx.saved_tensors
        d_h = d_state.clone()
        d_w, d_u = x.new_zeros(*U.shape[:2], x.shape[3]), torch.zeros_like(U)
        d_bias_gate, d_bias_update, d_zeta, d_nu = (torch.zeros_like(d_h) for _ in range(4))
        for start in reversed(range(0, len(x), BLOCK_STEPS)):
            block = slice(start, min(start + BLOCK_STEPS, len(x)))
            z, c, previous = gates[block], updates[block], states[block]
            slope, through_gate, not_z_c = slopes(z, c, previous, zeta, nu)
            d_pre = torch.empty_like(z)
            for step in reversed(range(len(z))):
                d_bias_gate.addcmul_(d_h, through_gate[step])
                d_zeta.addcmul_(d_h, not_z_c[step])
                d_nu.addcmul_(d_h, c[step])
                torch.mul(d_h, slope[step], out=d_pre[step])
                d_h.mul_(z[step]).baddbmm_(d_pre[step], U)
            d_bias_update.add_(d_pre.sum(0))
            d_flat = flattened(d_pre).transpose(1, 2)
            d_w.baddbmm_(d_flat, flattened(x[block]))
            d_u.baddbmm_(d_flat, flattened(previous))
        d_bias_update.sub_(d_bias_gate)  # what reached both ways, less what came through the gate
        biases = d_bias_gate.sum(1), d_bias_update.sum(1)
        return None, d_w, d_u, *biases, d_zeta.sum((1, 2)), d_nu.sum((1, 2))


def slopes(z: Tensor, c: Tensor, previous: Tensor, zeta: Tensor, nu: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return d h / d pre through gate and update together, that through the gate alone, and (1 - z) c."""
    not_z = 1 - z
    through_gate = torch.addcmul(previous, c, -zeta).mul_(z).mul_(not_z)
    through_update = (not_z * zeta).add_(nu).mul_(1 - c * c)
    return through_update.add_(through_gate), through_gate, not_z.mul_(c)


def flattened(steps: Tensor) -> Tensor:
    """Return [runs, steps * batch, size] of [steps, runs, batch, size]."""
    return steps.transpose(0, 1).flatten(1, 2)
