"""Copies as shell: what makes, verifies and loads one, with the clients of MySQL and of MariaDB alike.

A copy is three files: `caixa-<UTC>.sql.gz`, beside it `.counts` (a line `schema.table rows` for each table) and `.sha256` of both. The dump
gets its name last, so what has the name is complete. It holds one INSERT per row, so that rows can be counted in it, and no DROP, so
that it can never replace a table. MySQL's dump would want more rights if it looked at GTIDs and masking policies: neither is used, and
MariaDB's knows of neither. Passwords are only in a file that the script makes for itself; no command line has one.
"""

from typing import Final

from caixa_comum import schemas

SCHEMAS: Final = " ".join(schemas.schema_of(service) for service in schemas.SERVICES)

# `sh` may be dash, which has no pipefail: what must not be missed in a pipe is asked of its result.
_COMMON = r"""set -eu
umask 077
fail() { echo "refused: $*" >&2; exit 1; }
client=$(command -v mysql || command -v mariadb) || fail "this image has neither mysql nor mariadb"
folder=$CAIXA_BACKUP_FOLDER
options=${TMPDIR:-/tmp}/client.cnf
ask() { "$client" --defaults-file="$options" --batch --skip-column-names --execute="$1"; }
copies() { ls "$folder" | grep -E '^caixa-[0-9]{8}T[0-9]{6}Z[.]sql[.]gz$' | sort; }
counted() {
  grep -aoE '^(USE|CREATE TABLE|INSERT INTO) `[^`]+`' | tr -d '`' | uniq -c | {
    schema= table=
    while read -r number verb word name; do
      case $verb in
        USE) schema=$word ;;
        CREATE) [ -z "$table" ] || echo "$table 0"; table=$schema.$name ;;
        INSERT) echo "$table $number"; table= ;;
      esac
    done
    [ -z "$table" ] || echo "$table 0"
  }
}
complete() {
  gunzip -t "$1" || fail "$1 is broken"
  gunzip -c "$1" | tail -n 1 | grep -q '^-- Dump completed' || fail "$1 ends too early"
}
summed() {
  (cd "$1" && grep -q "  $2\$" "$2.sha256" && grep -q "  $2.counts\$" "$2.sha256" && sha256sum -c --status "$2.sha256")
}
"""

_SCHEMAS = f"""schemas="{SCHEMAS}"
"""
BACKUP: Final = (
    _COMMON  # noqa: S608 - a script of constants
    + _SCHEMAS
    + r"""dump=$(command -v mysqldump || command -v mariadb-dump) || fail "this image has neither mysqldump nor mariadb-dump"
name=caixa-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
new=$folder/.new-$name
rm -rf "$folder"/.new-*
mkdir "$new"
trap 'rm -rf "$new" "$options"' EXIT
printf '[client]\nhost=%s\nport=%s\nuser=%s\npassword="%s"\n' "$CAIXA_DATABASE_HOST" "$CAIXA_DATABASE_PORT" \
  "$CAIXA_DATABASE_USER" "$CAIXA_DATABASE_PASSWORD" > "$options"

# A network that enforces policies may know a new pod a moment late, and MySQL may be starting: only a client's own errors are waited for.
tries=0
while "$client" --defaults-file="$options" --connect-timeout=5 --execute="SELECT 1" 2>&1 | grep -q '^ERROR 20[0-9][0-9] '; do
  tries=$((tries + 1))
  [ "$tries" -lt "${CAIXA_BACKUP_TRIES:-30}" ] || fail "the server does not answer"
  sleep 1
done

before=$(ask "SELECT COUNT(*) FROM caixa_fluxo.lancamento") || fail "the entries cannot be counted"
{ "$dump" --defaults-file="$options" --single-transaction --quick --no-tablespaces --hex-blob --skip-extended-insert --no-autocommit \
    --loose-set-gtid-purged=OFF --loose-masking-policies=OFF --skip-add-locks --skip-add-drop-table \
    --default-character-set=utf8mb4 --databases $schemas || touch "$new/failed"; } |
  gzip > "$new/$name"
[ ! -e "$new/failed" ] || fail "the dump failed"
sync

complete "$new/$name"
gunzip -c "$new/$name" | counted > "$new/$name.counts"
for schema in $schemas; do
  grep -q "^$schema[.]" "$new/$name.counts" || fail "the copy holds no table of $schema"
done
entries=$(sed -n 's/^caixa_fluxo[.]lancamento //p' "$new/$name.counts")
[ "${entries:-0}" -ge "$before" ] || fail "the copy holds ${entries:-0} entries, and there were $before already before it began"
(cd "$new" && sha256sum "$name" "$name.counts" > "$name.sha256")
mv "$new/$name.counts" "$new/$name.sha256" "$folder"
mv "$new/$name" "$folder"
sync
summed "$folder" "$name" || fail "$name is not what was written"

copies | sort -r | tail -n +$((CAIXA_BACKUP_KEEP + 1)) | while read -r old; do
  rm -f "$folder/$old" "$folder/$old.counts" "$folder/$old.sha256"
done
echo "$name: $entries entries, $(wc -c < "$folder/$name") bytes, verified; $(copies | wc -l) kept"
"""
)
"""Makes a verified copy in CAIXA_BACKUP_FOLDER and keeps CAIXA_BACKUP_KEEP; ends with 1 and says why where it cannot."""

FIND: Final = (
    _COMMON
    + r"""name=${CAIXA_BACKUP_FILE:-$(copies | tail -n 1)}
[ -n "$name" ] || fail "the claim holds no copy"
for file in "$name" "$name.counts" "$name.sha256"; do
  [ -f "$folder/$file" ] || fail "$file is not in the claim: name another copy in restoreFrom.file"
done
summed "$folder" "$name" || fail "$name is not what was written, for its checksum differs: name another copy in restoreFrom.file"
complete "$folder/$name"
"""
)
"""Finds the copy CAIXA_BACKUP_FILE, else the newest, and verifies it."""

LOAD: Final = r"""existing=$(ask "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema LIKE 'caixa\\_%'") ||
  fail "the server does not answer"
[ "$existing" = 0 ] || fail "the server has tables of Caixa's already, and a copy is never loaded over data"
gunzip -c "$folder/$name" | "$client" --defaults-file="$options" --default-character-set=utf8mb4 || fail "$name could not be loaded"
while read -r table rows; do
  found=$(ask "SELECT COUNT(*) FROM $table") || fail "$table is missing after the restore"
  [ "$found" = "$rows" ] || fail "$table has $found rows after the restore, and the copy $rows"
done < "$folder/$name.counts"
echo "$name is restored: $(wc -l < "$folder/$name.counts") tables, each with the rows that were copied"
"""
"""Loads the copy that FIND found into the server of the client's options, which must hold no table of Caixa's, and counts every table."""
