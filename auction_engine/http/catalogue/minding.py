"""What minds the catalogue in each gateway: its index, and the letters about kept searches."""

from auction_engine.desk.search.indexing import Indexer, Known
from auction_engine.desk.search.saved import Alerts
from auction_engine.http.catalogue.saved import letter
from auction_engine.identity.vault import Vault
from auction_engine.live.gateway import Gateway
from auction_engine.live.views import LotView
from auction_engine.settings import Settings


def catalogue_tasks(settings: Settings, gateway: Gateway) -> tuple[Indexer, Alerts]:
    """Both, to be run for as long as the gateway lives."""
    url = settings.database_url or ""

    def recall(lot: int) -> Known | None:
        view = gateway.views.get(lot)
        return None if view is None or view.state is None else Known(view.seq, view.state)

    indexer = Indexer(url, recall)
    changed = gateway.views.on_change

    def heard(view: LotView) -> None:
        changed(view)
        indexer.touched(view.lot)

    gateway.views.on_change = heard
    return indexer, Alerts(url, Vault.of(settings).seal, letter)
