"""What was converted beside the integer reference: on this machine, on simulated boards, on a port."""
