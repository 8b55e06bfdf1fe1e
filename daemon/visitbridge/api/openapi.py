"""The OpenAPI 3.1 document, made from the route table and the types in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from visitbridge.api.dispatch import COOKIE
from visitbridge.api.problems import ErrorAnswer
from visitbridge.api.routes import Access, AnyRoute, RawRoute, Route, parameters

_REF = "#/components/schemas/{name}"
_JSON = "application/json"


def openapi_document(routes: Iterable[AnyRoute], *, version: str) -> dict[str, Any]:
    """Schemas have the names of our types; the Chinese words of the codes are in ``/api/words``."""
    table = tuple(routes)
    types = [ErrorAnswer, *_types(table)]
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "visitbridge",
            "version": version,
            "description": "The gateway's own API, for its web UI and for programs on a paired device.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "phone": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "watcher": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def operation_id(route: AnyRoute) -> str:
    """``POST /api/visits/{visit_id}/finish`` → ``post_visits_visit_id_finish``."""
    words = route.path.removeprefix("/api").strip("/").replace("{", "").replace("}", "")
    return "_".join([route.method.lower(), *words.replace(".", "_").replace("-", "_").split("/")])


def _types(routes: Iterable[AnyRoute]) -> list[Any]:
    found: list[Any] = []
    for route in routes:
        if isinstance(route, Route):
            bodies = () if route.takes_photo or route.body is None else (route.body,)
            answers = () if route.answer is None else (route.answer,)
            found += [*bodies, *answers]
    return found


def _operation(route: AnyRoute) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [route.path.removeprefix("/api").split("/")[1]],
        "security": _security(route.access),
        "x-access": _access(route.access),
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 128},
            }
            for name in parameters(route)
        ],
        "responses": _responses(route),
    }
    if isinstance(route, Route):
        operation["parameters"] += _query_parameters(route)
        if route.body is not None:
            operation["requestBody"] = {"required": True, "content": _request_content(route)}
    return operation


def _security(access: Access) -> list[dict[str, list[str]]]:
    """One of these is enough; none is asked for where the list is empty."""
    if not access.phone:
        return []
    return [{"phone": []}, {"watcher": []}] if access.watcher else [{"phone": []}]


def _access(access: Access) -> dict[str, Any]:
    return {
        "phone": access.phone,
        "staff": access.staff,
        "right": access.right.value if access.right is not None else None,
        "role": access.role.value,
    }


def _query_parameters(route: Route[Any, Any, Any]) -> list[dict[str, Any]]:
    schema, components = msgspec.json.schema_components([route.query], ref_template=_REF)
    body = components[schema[0]["$ref"].rpartition("/")[2]]
    required = set(body.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": property_schema}
        for name, property_schema in body["properties"].items()
    ]


def _request_content(route: Route[Any, Any, Any]) -> dict[str, Any]:
    if route.takes_photo:
        return {media: {"schema": {"type": "string", "format": "binary"}} for media in route.consumes}
    return {_JSON: {"schema": _schema(route.body)}}


def _responses(route: AnyRoute) -> dict[str, Any]:
    error = {"description": "An error with its words", "content": {_JSON: {"schema": _schema(ErrorAnswer)}}}
    if isinstance(route, RawRoute):
        return {"200": {"description": "OK", "content": {route.produces: {}}}, "default": error}
    if route.answer is None:
        return {"204": {"description": "Done"}, "default": error}
    success = {"description": "OK", "content": {_JSON: {"schema": _schema(route.answer)}}}
    return {str(route.status): success, "default": error}


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema
