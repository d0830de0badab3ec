"""Conformance: one list of checks, three servers, one table."""
