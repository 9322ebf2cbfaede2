"""The one dictionary of values that every shop's words are mapped to; the data are the CSV files here."""

from catalog_audit.catalog.dictionary.lookup import Dictionary
from catalog_audit.catalog.dictionary.vocabulary import Entry, Vocabulary

__all__ = ["Dictionary", "Entry", "Vocabulary"]
