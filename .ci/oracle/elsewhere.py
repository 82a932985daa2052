"""Whether a device of a client stands at another client of the same source, too, and may have been seen there last."""
import counts
from rulebook import day, fresh_days, is_whole, moment

CLIENTS_MAX = 3  # what more clients have is a placeholder
KEYS = ("serial", "mac")


class Elsewhere:
    """All devices of a source that are, or may be, where they are listed."""

    def __init__(self, world, source_id):
        self.world, self.source_id, self.kinds = world, source_id, world.kinds(source_id)
        accounts = [account for account in world.accounts if account["source"] == source_id and "ignored" not in account]
        self.listed = [(account, *one) for account in accounts for one in self.there(account)]
        clients = {}
        for account, item, sure in self.listed:
            if sure and item["kind"] in self.kinds:
                for key, values in self.known(item, self.kinds[item["kind"]]).items():
                    for value in values:
                        clients.setdefault((key, value), set()).update(self.owners(account, item))
        self.placeholders = {identity for identity, found in clients.items() if len(found) > CLIENTS_MAX}

    def there(self, account):
        """(item, whether it is surely there) of an account."""
        state, now = account.get("read", "complete"), account["items"]
        if state == "failed":
            earlier = account.get("earlier")
            fresh = earlier is not None and 0 <= (self.world.count_day - day(earlier["as_of"])).days <= fresh_days(self.world.sources[self.source_id])
            return [(item, True) for item in earlier["items"]] if fresh else []
        if state == "doubtful":
            return []
        if state == "gone":
            may = is_whole(self.world.sources[self.source_id])
            if account.get("confirmed"):
                may = may and any(counts.possible_accounts(self.world, owner, self.source_id) for owner in self.all_owners(account))
            return [(item, False) for item in account["before"]] if may else []
        found = [(item, True) for item in now]
        if state in ("fell", "between"):
            present = {(item["kind"], item["id"]) for item in now}
            found += [(item, False) for item in account["before"] if (item["kind"], item["id"]) not in present]
        return found

    @staticmethod
    def all_owners(account):
        return {account.get("client"), *account.get("split", {}).get("parts", {}).values()} - {None}

    def owners(self, account, item):
        """The clients whose an item surely is."""
        if "split" not in account:
            return self.all_owners(account)
        return {client for client in self.all_owners(account) if counts.whose(account["split"], item, client) == counts.OWN}

    def may_be_another(self, account, item, client_id):
        owners = self.owners(account, item) or self.all_owners(account)
        if counts.is_undecided(account):
            owners = {client["id"] for client in self.world.clients
                      if account["id"] in {one["id"] for one in counts.possible_accounts(self.world, client["id"], self.source_id)}}
        return bool(owners - {client_id})

    @staticmethod
    def known(item, kind):
        return {key: values for key, values in counts.identities(item, kind["identity"]).items() if key in KEYS}

    def may_be_same(self, item, other):
        """Whether two items may be one device: by the first identity that both have."""
        def kinds(one):
            return [self.kinds[one["kind"]]] if one["kind"] in self.kinds else self.kinds.values()
        for mine in kinds(item):
            for theirs in kinds(other):
                own, more = self.known(item, mine), self.known(other, theirs)
                first = next((key for key in mine["identity"] if key in own and key in more), None)
                if first and any((first, value) not in self.placeholders for value in own[first] & more[first]):
                    return True
        return False

    def may_be_newer(self, client_id, item, account_id):
        """Whether another client may have had the device since. An undecided account of which the item is is the client's, too."""
        if not any(item.get(key) for key in KEYS):
            return False
        for account, other, _ in self.listed:
            state = other.get("state", "counts")
            if account["id"] == account_id and counts.is_undecided(account):
                continue
            if other is item or not (state == "counts" or state.startswith("unknown:")):
                continue
            here, there = moment(item.get("last_seen")), moment(other.get("last_seen"))
            if here and there and there < here:
                continue
            if self.may_be_another(account, other, client_id) and self.may_be_same(item, other):
                return True
        return False
