"""spec.gateway.expose: how the gateway is reached, within the cluster and from outside."""

from typing import Annotated, ClassVar, Literal

import msgspec

from caixa_operator.spec.rule import Rule, checked, described

_NODE_PORT = Rule("self >= 30000 && self <= 32767", "write a port from 30000 to 32767, the range that Kubernetes keeps for node ports")
_LABELS = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_HOST = Rule(f"self.matches('^{_LABELS}$')", "write the host name that clients ask for, in lowercase, such as caixa.example")
_HOSTNAME = Rule(
    f"self.matches('^([*][.])?{_LABELS}$')", "write a host name in lowercase, such as caixa.example, or *.caixa.example for all below it"
)
_CLASS = Rule(f"self.matches('^{_LABELS}$')", "write the name of an IngressClass, such as nginx")
_TLS_SECRET = Rule(f"self.matches('^{_LABELS}$')", "write the name of a TLS Secret in the CashBox's namespace, such as loja-tls")
_GATEWAY = Rule(f"self.matches('^{_LABELS}$')", "write the name of a Gateway, such as public")
_NAMESPACE = Rule("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", "write the namespace of the Gateway, such as infra")
_SECTION = Rule(f"self.matches('^{_LABELS}$')", "write the name of one of the Gateway's listeners, such as https")
_PORT = Rule("self >= 1 && self <= 65535", "write the port of one of the Gateway's listeners, such as 443")
_LONGEST = 253


class Ingress(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """An Ingress. What its controller is to do otherwise, its annotations say: its own limit of a body may be below the gateway's 2 MiB."""

    host: Annotated[str, checked(_HOST, description="The name that clients ask for, such as caixa.example.", max_length=_LONGEST)]
    class_name: (
        Annotated[
            str, checked(_CLASS, description="The IngressClass that serves it; the cluster's default if absent.", max_length=_LONGEST)
        ]
        | None
    ) = None
    annotations: Annotated[
        dict[str, str],
        described('The controller\'s own settings, such as nginx.ingress.kubernetes.io/proxy-body-size: "2m".'),
    ] = {}
    tls_secret: (
        Annotated[
            str,
            checked(
                _TLS_SECRET,
                description="The Secret with the host's certificate, by you or by cert-manager; without it the Ingress speaks plain HTTP.",
                max_length=_LONGEST,
            ),
        ]
        | None
    ) = None


class ParentRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A Gateway that the route attaches to."""

    name: Annotated[str, checked(_GATEWAY, description="The Gateway's name.", max_length=_LONGEST)]
    namespace: (
        Annotated[str, checked(_NAMESPACE, description="The Gateway's namespace; the CashBox's if absent.", max_length=63)] | None
    ) = None
    section_name: (
        Annotated[str, checked(_SECTION, description="One of its listeners; every one that fits if absent.", max_length=_LONGEST)] | None
    ) = None
    port: Annotated[int, checked(_PORT, description="The port of a listener; every one that fits if absent.")] | None = None


Hostname = Annotated[str, checked(_HOSTNAME, description="A host name.", max_length=_LONGEST)]


class HttpRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """An HTTPRoute of the Gateway API, whose definitions the cluster must have. Its Gateway, not the route, ends TLS."""

    hostnames: Annotated[
        tuple[Hostname, ...], msgspec.Meta(min_length=1, max_length=16, description="The names that clients ask for; the first is told.")
    ]
    parent_refs: Annotated[
        tuple[ParentRef, ...], msgspec.Meta(min_length=1, max_length=16, description="The Gateways that the route attaches to.")
    ]


class Expose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """How the gateway is reached."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.nodePort) || self.type in ['NodePort', 'LoadBalancer']",
            "nodePort needs type NodePort or LoadBalancer: change type or remove nodePort",
        ),
        Rule(
            "self.type != 'Ingress' || has(self.ingress)",
            "type Ingress needs ingress.host: write the host name that clients ask for, such as caixa.example",
        ),
        Rule("self.type == 'Ingress' || !has(self.ingress)", "ingress is only for type Ingress: remove it, or set type to Ingress"),
        Rule(
            "self.type != 'HTTPRoute' || has(self.httpRoute)",
            "type HTTPRoute needs httpRoute: write its hostnames, such as caixa.example, and in parentRefs the name of a Gateway",
        ),
        Rule(
            "self.type == 'HTTPRoute' || !has(self.httpRoute)", "httpRoute is only for type HTTPRoute: remove it, or set type to HTTPRoute"
        ),
    )

    type: Annotated[
        Literal["ClusterIP", "NodePort", "LoadBalancer", "Ingress", "HTTPRoute"],
        described("The type of the gateway's Service; or an Ingress or an HTTPRoute before a Service of type ClusterIP."),
    ] = "ClusterIP"
    node_port: Annotated[int, checked(_NODE_PORT, description="A fixed port on every node; chosen by Kubernetes if absent.")] | None = None
    ingress: Ingress | None = None
    http_route: HttpRoute | None = None
