"""The pages and API of the enforcement agency's desk, and the organisation's page of its offers."""
