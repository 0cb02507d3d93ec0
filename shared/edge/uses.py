"""What a function may need beyond the database, in words that a function file declares literally."""

from typing import Literal

Use = Literal["internet", "mail", "stripe"]
"""`internet`: it calls out, to webhook targets, the mail server or Stripe; the others have no way out.
`mail`: it is given SMTP_URL. `stripe`: it is given the secrets of Stripe.

The cloud gives a function the secrets and the network of the words it declares, and no others: a setting
that belongs to a word which is not declared is empty there.
"""
