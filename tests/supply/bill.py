"""The software bill of materials, CycloneDX 1.6 (ECMA-424)."""

from __future__ import annotations

from collections.abc import Sequence

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from tests.supply.parts import Part


def bill_of(parts: Sequence[Part], *, name: str, version: str) -> str:
    """As JSON. What is for development only has the scope ``excluded``."""
    components = {part: _component(part) for part in parts}
    product = Component(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name)
    bom = Bom(components=components.values())
    bom.metadata.component = product
    bom.register_dependency(product, [components[part] for part in parts if part.shipped])
    text: str = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return text


def _component(part: Part) -> Component:
    scope, _, name = part.name.rpartition("/")
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        scope=ComponentScope.REQUIRED if part.shipped else ComponentScope.EXCLUDED,
        purl=PackageURL(part.kind, scope or None, name, part.version),
        bom_ref=f"{part.kind}/{part.name}@{part.version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content) for content in part.sha256],
    )
