"""What a dossier still lacks before it can be handed in. Pure."""

from collections.abc import Sequence

from auction_engine.desk.admission import declarations
from auction_engine.desk.admission.reading import Document, Dossier, Person
from auction_engine.rules.lot import LotState


def lacking(
    dossier: Dossier | None, person: Person, papers: Sequence[Document], state: LotState
) -> list[str]:
    """What a dossier still lacks: codes for the page, in the order of the form."""
    found = [] if person.name else ["NAME"]
    if not person.id_number:
        found.append("ID_NUMBER")
    if person.for_another:
        told = (("PRINCIPAL", person.principal), ("PRINCIPAL_ID", person.principal_id))
        found += [code for code, value in (*told, ("RELATION", person.relation)) if not value]
    kinds = {paper.kind for paper in papers}
    if "IDENTITY" not in kinds:
        found.append("IDENTITY")
    if person.for_another and "AUTHORITY" not in kinds:
        found.append("AUTHORITY")
    declared = {} if dossier is None else dossier.declared
    if declarations.missing(state.params, person.for_another, declared):
        found.append("DECLARATIONS")
    return found
