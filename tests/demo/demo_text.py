"""What the demo tells at its end: pure, in Portuguese, as its reader is a merchant or shows it to one."""

from tests.demo.demo_merchant import Outcome
from tests.demo.demo_notes import Notes


def reais(centavos: int) -> str:
    """Write centavos as Brazilians do: R$ 1.234,56, a minus before it where it is negative."""
    whole, rest = divmod(abs(centavos), 100)
    return f"{'-' if centavos < 0 else ''}R$ {whole:,}".replace(",", ".") + f",{rest:02d}"


def farewell(notes: Notes, outcome: Outcome, namespace: str, program: str = "kubectl") -> str:
    """Return what the merchant did, where the platform answers, and what to try next; `program` is the kubectl there is."""
    entries = "\n".join(f"  {reais(centavos):>14}  {description}" for centavos, description in outcome.entries)
    kubectl = f"KUBECONFIG={notes.kubeconfig} " if notes.kubeconfig else ""
    kubectl += f"{program} --context={notes.context}" if notes.context else program
    client = f"-u {notes.merchant.client_id}:{notes.merchant.client_secret}"
    return f"""
Lançamentos:
{entries}
  {reais(outcome.balance):>14}  saldo

Endereço do gateway:   {notes.gateway}   (no navegador: a página do comerciante)
Comerciante:           client_id {notes.merchant.client_id}   client_secret {notes.merchant.client_secret}
Administração:         client_id {notes.admin.client_id}   client_secret em .caixa/demo.json

E agora?
  export GATEWAY={notes.gateway}
  export TOKEN=$(curl -sS {client} -d grant_type=client_credentials $GATEWAY/oauth/token | grep -oE 'eyJ[^"]+')
  curl $GATEWAY/api/v1/saldos/atual -H "Authorization: Bearer $TOKEN"
  curl $GATEWAY/api/v1/lancamentos -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: venda-1" \\
       -H "Content-Type: application/json" -d '{{"tipo": "credito", "valor": 4990, "descricao": "pão de queijo"}}'
  {kubectl} --namespace={namespace} get cashbox
  {kubectl} --namespace={namespace} describe cashbox
  make load RATE=50 SECONDS=30
  make demo-down
"""
