"""FastGRNN over a whole window with a hand-written back-propagation through time.

One autograd node for all steps: several times faster than recording each step, since everything that does not
depend on the next step's state is done for the whole window at once.
"""

import torch


class FastGrnnWindow(torch.autograd.Function):
    """Final state of FastGRNN (Kusupati et al. 2018, equations 4-6), state 0 before the first step.

    x [steps, batch, inputs], W [hidden, inputs], U [hidden, hidden], biases [hidden], zeta and nu scalars
    (after the sigmoid) -> h [batch, hidden]. x gets no gradient.
    """

    @staticmethod
    def forward(ctx, x, W, U, bias_gate, bias_update, zeta, nu):  # type: ignore[no-untyped-def]
        steps, batch, _ = x.shape
        w_part = x @ W.T
        states = x.new_zeros(steps + 1, batch, len(U))
        gates, updates = torch.empty_like(w_part), torch.empty_like(w_part)
        u_transposed = U.T.contiguous()
        gain = torch.empty_like(states[0])
        for step in range(steps):
            previous, state, z, c = states[step], states[step + 1], gates[step], updates[step]
            pre = torch.addmm(w_part[step], previous, u_transposed)
            torch.add(pre, bias_gate, out=z).sigmoid_()
            torch.add(pre, bias_update, out=c).tanh_()
            torch.mul(z, -zeta, out=gain).add_(zeta + nu)
            torch.mul(z, previous, out=state).addcmul_(gain, c)
        ctx.save_for_backward(x, U, zeta, nu, states, gates, updates)
        return states[steps].clone()

    @staticmethod
    def backward(ctx, d_state):  # type: ignore[no-untyped-def]
        x, U, zeta, nu, states, z, c = ctx.saved_tensors
        steps, _, hidden = z.shape
        not_z = 1 - z
        # d pre / d h through the update and through the gate, for every step at once
        through_update = (not_z * zeta).add_(nu).mul_(1 - c * c)
        through_gate = (states[:-1] - zeta * c).mul_(z).mul_(not_z)
        d_pre, d_states = torch.empty_like(z), torch.empty_like(z)
        d_h = d_state.clone()
        for step in range(steps - 1, -1, -1):
            d_states[step] = d_h
            slope = through_update[step] + through_gate[step]
            torch.mul(d_h, slope, out=d_pre[step])
            d_h.mul_(z[step]).addmm_(d_pre[step], U)
        flat = d_pre.view(-1, hidden)
        d_w = flat.T @ x.reshape(len(flat), -1)
        d_u = flat.T @ states[:-1].reshape(len(flat), hidden)
        d_bias_gate = (d_states * through_gate).sum((0, 1))
        d_bias_update = (d_states * through_update).sum((0, 1))
        d_c = d_states.mul_(c)
        return None, d_w, d_u, d_bias_gate, d_bias_update, (d_c * not_z).sum(), d_c.sum()
