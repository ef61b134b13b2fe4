"""Further releases of the platform for upgrades: the same images, but for one more migration of fluxo."""

import tempfile
from pathlib import Path

from caixa_comum.migrations import head
from caixa_operator.settings import Settings
from tests.demo import images_store
from tests.demo.images import SERVICES, Images, home, image_name
from tests.kubernetes import image_store
from tests.kubernetes.containerd import ctr
from tests.provision.lock import held
from tests.provision.progress import step

MIGRATIONS = "/opt/caixa/lib/python3.13/site-packages/caixa_fluxo/migrations/versions"
GOOD = "op.create_table('versao_seguinte', Column('id', Integer, primary_key=True))"
BAD = "raise RuntimeError('this migration cannot be carried out')"


def publish(images: Images, tag: str, statement: str) -> None:
    """Put a release on the node, under the names that the chart publishes: its fluxo brings a migration that runs `statement`."""
    migration = (
        '"""One more step."""\n\nfrom alembic import op\nfrom sqlalchemy import Column, Integer\n\n'
        f'revision = "{tag}"\ndown_revision = "{head("caixa_fluxo")}"\n\n\ndef upgrade() -> None:\n'
        f'    """Take the step."""\n    {statement}\n'
    )
    built = image_name("fluxo", f"{images.version}-{tag}")
    with step(f"release {tag}: one more migration of fluxo"), tempfile.TemporaryDirectory(prefix="caixa-release-") as name:
        context, archive = Path(name), Path(name) / "fluxo.tar"
        (context / "9999_versao_seguinte.py").write_text(migration)
        dockerfile = context / "Dockerfile"
        dockerfile.write_text(f"FROM {image_name('fluxo', images.version)}\nCOPY 9999_versao_seguinte.py {MIGRATIONS}/\n")
        with held(home() / "lock"), images_store.opened(home()) as store:
            store.build(context, dockerfile, built)
            store.export(built, archive)
            store.remove([built])
        ctr("images", "import", str(archive), timeout=image_store.IMPORT_SECONDS)
    released = {image_name(service, images.version): service for service in SERVICES} | {built: "fluxo"}
    image_store.name_again({image: f"{Settings().images_registry}/caixa-{service}:{tag}" for image, service in released.items()})
