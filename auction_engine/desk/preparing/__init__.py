"""An organisation's sessions before they are published: from assets it has taken to lots put up."""
