"""What the Jobs run: each user of MySQL changes its own password, and no other's. No command line and no log has a password.

Both scripts read CAIXA_ROTATION_FILE (see record.USERS_KEY), end well when run again, and end with 1 where a user is not as it should be.
"""

from typing import Final

_COMMON = r"""set -eu
umask 077
options=${TMPDIR:-/tmp}/client.cnf
said=${TMPDIR:-/tmp}/said
trap 'rm -f "$options" "$said" "$said.sql"' EXIT
ask() {
  printf '[client]\nhost=%s\nport=%s\nuser=%s\npassword="%s"\n' "$CAIXA_DATABASE_HOST" "$CAIXA_DATABASE_PORT" "$user" "$1" > "$options"
  mysql --defaults-file="$options" --batch --skip-column-names > /dev/null 2> "$said"
}
works() { echo "SELECT 1;" | ask "$1"; }
fail() { echo "refused: $user $*" >&2; cat "$said" >&2; failed=1; }
failed=0
user=nobody tries=60
# A network that enforces policies may take a moment until it lets a new pod pass.
until works nothing || grep -q "Access denied" "$said"; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || { fail "cannot be asked about: MySQL does not answer"; exit 1; }
  sleep 1
done
"""

TEACH: Final = (
    _COMMON
    + r"""while IFS= read -r user && IFS= read -r old && IFS= read -r new; do
  if works "$new" && works "$old"; then
    echo "$user: both passwords are valid"
  elif works "$old" || works "$new"; then
    # First the old one alone, whatever was there: so what is retained is never another.
    printf "ALTER USER USER() IDENTIFIED BY '%s';\n" "$old" > "$said.sql"
    printf "ALTER USER USER() IDENTIFIED BY '%s' RETAIN CURRENT PASSWORD;\n" "$new" >> "$said.sql"
    if ! ask "$old" < "$said.sql" && ! ask "$new" < "$said.sql"; then
      fail "could not change its password"
    elif works "$new" && works "$old"; then
      echo "$user: both passwords are valid now"
    else
      fail "does not have both passwords"
    fi
  else
    fail "has neither the old nor the new password: did somebody change it by hand?"
  fi
done < "$CAIXA_ROTATION_FILE"
exit $failed
"""
)
"""Makes the new password valid beside the old one."""

DISCARD: Final = (
    _COMMON
    + r"""while IFS= read -r user && IFS= read -r old && IFS= read -r new; do
  # First the new one again, whichever of the two it was: so what is discarded is never it.
  printf "ALTER USER USER() IDENTIFIED BY '%s';\nALTER USER USER() DISCARD OLD PASSWORD;\n" "$new" > "$said.sql"
  if ask "$new" < "$said.sql"; then
    if works "$old"; then fail "still has its old password"; else echo "$user: the old password is gone"; fi
  else
    fail "could not discard its old password"
  fi
done < "$CAIXA_ROTATION_FILE"
exit $failed
"""
)
"""Takes the old password away."""
