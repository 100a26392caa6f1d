"""How each recurrent cell of 16 bits becomes C."""
