"""What other systems use: tokens, webhooks, imports."""
