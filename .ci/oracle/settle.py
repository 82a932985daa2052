#!/usr/bin/env python3
"""Soundness and tightness: what a world with unknowns says must hold in every way of settling them.

settle.py BINARY [--seed N] [--count K]: each undecided account is given to one of the clients whose it may be or to nobody, each
unknown item counts or not, each fact that is missing is given, what fell is there or not, and each account that was not read is
completed. All ways up to 256, else 256 drawn. Then, for each client and service:
- what should be billed lies within what was said before, and so does what is billed;
- no exception turns round, and none vanishes;
- where all ways were gone through: the ends are reached, and where every way has one sign the exception was there.
Exit code 1 if anything does not hold.
"""
import collections
import copy
import datetime
import itertools
import json
import random
import re
import sys
from fractions import Fraction

import compare
import counts
import engine
import joins
import lines
import parts
import rulebook
import seats
import selection
import worlds

WAYS_MAX = 256
BATCH = 100
OVER, UNDER = {"overbilled", "billed_without_usage"}, {"underbilled", "unbilled_usage", "ended_agreement_in_use", "listed"}


def is_unclear(item):
    return "unknown" in json.dumps(item) or rulebook.amount(item) is None


class Settler:
    """All that is unknown in one world: a list of variables, each a list of functions that change a copy of the world."""

    def __init__(self, raw, draw):
        self.raw, self.text, self.draw = raw, json.dumps(raw), draw
        self.world = rulebook.World(raw)
        self.variables, self.late, self.complete = [], [], True
        self.succeeded = []  # (place of an account that is gone, client, source, undecided accounts that may be in its place)
        self.policy = "unknown = " in raw["rules"]
        self.of_agreements = self.asked_of_agreements()
        for index, source in enumerate(raw["sources"]):
            if not self.world.source_is_read(source["id"]):
                self.complete = False
                self.add([lambda world, index=index: world["sources"][index].update(read="complete", synced_on=world["count_day"])])
        for index, account in enumerate(raw["accounts"]):
            self.account(index, account)
        for index, client in enumerate(raw["clients"]):
            self.client(index, client)
        self.ties()
        if self.has_devices_of_two():
            self.complete = False  # at which of them a device is, nobody settles
        if "psa" in raw or any("days" in account for account in raw["accounts"]):
            self.complete = False  # what was on other days is not settled, but where it is today's item
        if self.has_endless_words():
            self.complete = False

    def add(self, ways):
        self.variables.append(ways)

    def has_endless_words(self):
        """Whether a word of the rules was never seen, or a client without an account has a list that is by grant."""
        for client in self.world.clients:
            for source in self.world.sources:
                if counts.Candidates(self.world, client["id"], source, set()).no_upper:
                    return True
        for source in self.world.sources:
            products = selection.LeftOutProducts(self.world, source, None)
            if products.never("leave_out") or products.never("count_too"):
                return True
        for code, count, where in self.conditions():
            for part in self.world.rules.parts(count):
                if not self.world.is_seen(part["source"], part["kind"], "", rulebook.word(part["kind"])):
                    return True
                for table in selection.tables(where):
                    for attribute, wanted in table.items():
                        if attribute != selection.NOT_SEEN and not all(
                                self.world.is_seen(part["source"], part["kind"], selection.real(attribute), one) for one in rulebook.words(wanted)):
                            return True
        return False

    def has_devices_of_two(self):
        """Whether two accounts of a source list one serial number, or one network address."""
        at = {}
        for index, account in enumerate(self.raw["accounts"]):
            for item in [*account.get("items", []), *account.get("before", []), *account.get("earlier", {}).get("items", [])]:
                for value in [item.get("serial"), *item.get("mac", [])]:
                    at.setdefault((account["source"], value), set()).add((account.get("client"), index if "client" not in account else 0))
        return any(len(found) > 1 for (_, value), found in at.items() if value is not None)

    def asked_of_agreements(self):
        """The attributes that tell a client's agreements apart and that nothing else asks for."""
        def asked(conditions):
            return {selection.real(attribute) for _, _, where in conditions for table in selection.tables(where) for attribute in table}
        return asked(self.conditions(inner=True)) - asked(self.conditions(outer=True))

    def conditions(self, inner=False, outer=False):
        """(service, its count, a `where` or `where_not`) of all that the rules say anywhere; `inner`: of agreements alone; `outer`:
        of all but those."""
        file = self.world.rules.file
        sections = [] if inner else [file["services"], *file.get("agreement_types", {}).values()]
        if not inner:
            yield from ((name, group["once_per"], group.get("except", {})) for name, group in self.world.rules.groups.items())
        for client in file.get("clients", {}).values():
            sections += ([] if inner else [client]) + ([] if outer else [*client.get("agreements", {}).values()])
        for section in sections:
            for code, keys in section.items():
                count = self.world.rules.services.get(code, {}).get("count")
                if count is not None and isinstance(keys, dict):
                    for where in (keys.get("where", {}), keys.get("where_not", {})):
                        yield code, count, where
                    if isinstance(keys.get("commitment"), dict):
                        yield code, keys["commitment"]["of"], keys["commitment"].get("where", {})

    # ---- accounts

    def account(self, index, account):
        state = rulebook.with_one_name(account).get("read", "complete")
        self.owner(index, account)
        if state in ("partial", "doubtful", "failed"):
            self.complete = False
            found = account.get("items", []) if state == "partial" else account.get("earlier", {}).get("items", [])
            kept = state != "failed" or self.is_fresh(account)
            held = found if kept and state != "doubtful" else []
            more = [self.made_up(account["source"], f"more-{index}-{one}") for one in range(3)]
            fixed = state == "failed" and kept
            choices = [held] if fixed else [held, held + more[:1], held + more]
            day = account.get("earlier", {}).get("as_of") if fixed else None
            if fixed:
                return self.items(index, "earlier", held)
            self.add([lambda world, items=items: self.read_now(world["accounts"][index], items) for items in choices])
            return None
        if state == "gone":
            if not rulebook.is_whole(self.source_of(account)):
                self.complete = False  # nothing is known of it, as of one that failed
                more = [self.made_up(account["source"], f"more-{index}-{one}") for one in range(3)]
                self.add([lambda world, items=items: self.read_now(world["accounts"][index], items) for items in ([], more)])
                return None
            return self.gone(index, account)
        if state == "fell":
            self.fell(index, account)
        return self.items(index, "items", account.get("items", []))

    def is_fresh(self, account):
        earlier = account.get("earlier")
        return earlier is not None and 0 <= (self.world.count_day - rulebook.day(earlier["as_of"])).days <= rulebook.fresh_days(self.source_of(account))

    def source_of(self, account):
        return self.world.sources[account["source"]]

    def read_now(self, account, items):
        account["name"] = rulebook.with_one_name(account)["name"]
        if "days" in account and "earlier" in account:  # what was read then was read, whatever is known of today
            on = account["earlier"]["as_of"]
            if not any(days["from"] <= on <= days["to"] for days in account["days"]):
                account["days"].append({"from": on, "to": on, "items": copy.deepcopy(account["earlier"]["items"])})
        self.nights(account)
        for key in ("read", "names", "earlier", "before", "confirmed"):
            account.pop(key, None)
        account["items"] = copy.deepcopy(items)

    def nights(self, account):
        """What is settled of now tells nothing of the nights before it that were not read: nothing was there then. With a reading of
        now they would be told from it, as items that another account has, too, and that were not known to be there."""
        if not account.get("days"):
            return
        one_day, synced = datetime.timedelta(days=1), self.world.synced_on(account["source"])
        read = [rulebook.day(days["to"]) for days in account["days"] if rulebook.day(days["to"]) < synced]
        first = max(read) + one_day if read else synced
        if first < synced:
            account["days"].append({"from": str(first), "to": str(synced - one_day), "items": []})

    def owner(self, index, account):
        """Whose an undecided account is: each client whose it may be, or nobody's."""
        if any(key in account for key in ("client", "ignored", "split")):
            return
        possible = [client["id"] for client in self.world.clients
                    if account["id"] in {one["id"] for one in counts.possible_accounts(self.world, client["id"], account["source"])}]

        def give(world, client):
            del world["accounts"][index]["may_be"]
            if client is None:
                world["accounts"][index]["ignored"] = "not ours"
            else:
                world["accounts"][index]["client"] = client
        self.add([lambda world, client=client: give(world, client) for client in [*possible, None]])

    def gone(self, index, account):
        """A gone account is still there, or was really removed."""
        owners = sorted({account.get("client"), *account.get("split", {}).get("parts", {}).values()} - {None})
        successors = {owner: {one["id"] for one in counts.possible_accounts(self.world, owner, account["source"])} for owner in owners}
        self.succeeded += [(index, owner, account["source"], ids) for owner, ids in successors.items() if ids]
        ways = [False] if account.get("confirmed") and not any(successors.values()) else [False, True]
        self.late.append([self.still_there(index, account) if there else self.removed(index, account) for there in ways])
        if any(is_unclear(item) for item in account.get("before", [])) or "split" in account:
            self.complete = False
        if any(successors.values()) or "may_be" in account:
            self.complete = False

    def still_there(self, index, account):
        return self.since_then(index, account, account.get("before", []))

    def removed(self, index, account):
        return self.since_then(index, account, [])

    def since_then(self, index, account, items):
        """Where it was said from when on it is gone, what it really holds it held on all days since then."""
        last = self.world.synced_on(account["source"]) - datetime.timedelta(days=1)
        said = "days" in account and "confirmed" in account and rulebook.day(account["confirmed"]) <= last
        days = [{"from": account["confirmed"], "to": str(last), "items": items}] if said else []

        def settled(world):
            if days:
                world["accounts"][index]["days"] += copy.deepcopy(days)
            self.read_now(world["accounts"][index], items)
        return settled

    def replaced(self, world):
        """Where an undecided account is a client's, it took the place of one that is gone: not all of those are there."""
        for _, owner, source, ids in self.succeeded:
            theirs = [index for index, other, of, _ in self.succeeded if (other, of) == (owner, source)]
            taken = any(account.get("client") == owner and account["source"] == source and account["id"] in ids for account in world["accounts"])
            if taken and all(world["accounts"][index]["items"] for index in theirs):
                self.leave(world, self.draw.choice(theirs))

    def leave(self, world, index):
        """An account that is gone is not there, nor was it since it was said to be gone."""
        account, since = world["accounts"][index], self.raw["accounts"][index].get("confirmed")
        account["items"] = []
        for days in account.get("days", []):
            if since is not None and days["from"] >= since:
                days["items"] = []

    def fell(self, index, account):
        now = {(item["kind"], item["id"]): item for item in account.get("items", [])}
        seen = set()
        for item in account["before"]:
            key = (item["kind"], item["id"])
            if key in seen:
                continue
            seen.add(key)
            if key not in now:
                told = set(item.get("attributes", {})) == set(worlds.ATTRIBUTES.get(item["kind"], {}))
                if is_unclear(item) or "last_seen" not in item or not told:
                    self.complete = False
                self.add([lambda world: None, lambda world, item=item: world["accounts"][index]["items"].append(copy.deepcopy(item))])
            elif None not in (rulebook.amount(item), rulebook.amount(now[key])):
                old, new = rulebook.amount(item), rulebook.amount(now[key])
                if old > new:
                    def larger(world, key=key, old=old):
                        for one in world["accounts"][index]["items"]:
                            if (one["kind"], one["id"]) == key:
                                one["quantity"] = str(old) if old.denominator == 1 else str(float(old))
                    self.add([lambda world: None, larger])

        def done(world):
            self.nights(world["accounts"][index])
            world["accounts"][index].pop("read")
            world["accounts"][index].pop("before")
        self.late.append([done])

    # ---- items

    def made_up(self, source_id, name):
        like = worlds.like_of(self.world.sources[source_id])
        kind = self.draw.choice(worlds.KINDS[like])
        item = {"id": name, "kind": kind, "last_seen": self.raw["count_day"], "attributes": {}}
        for attribute, known in worlds.ATTRIBUTES[kind].items():
            item["attributes"][attribute] = self.draw.choice(known)
        if kind in worlds.HAS_SKU:
            sku = self.draw.choice(worlds.SKUS)
            # a source that never told a product of such an item does not begin to: its items without one lack nothing
            if not self.leaves_products_out() or self.world.seen.get((source_id, rulebook.word(kind), "sku")):
                item["sku"] = sku
        return item

    def leaves_products_out(self):
        return "leave_out" in self.raw["rules"] or "skus_left_out" in self.text

    def items(self, index, where, items):
        split = self.raw["accounts"][index].get("split")
        seen = set()
        for item in items:
            key = (item["kind"], item["id"])
            if key not in seen:
                seen.add(key)
                self.item(index, where, key, item, split)

    def item(self, index, where, key, item, split):
        def change(function, is_open=lambda one: True):
            """`is_open`: whether the item lacks the same on another day; what was known of that day stays."""
            def changed(world):
                account = world["accounts"][index]
                held = account["earlier"]["items"] if where == "earlier" and "earlier" in account else account.get("items", [])
                for items in [held, *(days["items"] for days in account.get("days", []))]:
                    for one in list(items):
                        if ((one["kind"], one["id"]) == key or one.get("was") == list(key)) and (items is held or is_open(one)):
                            function(items, one)
            return changed
        kinds = sorted(self.world.kinds(self.raw["accounts"][index]["source"]))
        if item["kind"] == "unknown":
            source, rules = self.world.sources[self.raw["accounts"][index]["source"]], self.raw["rules"]
            like = source.get("like")
            if "where" in rules or "seen_within_days" in rules or like not in ("rmm", "open") or (like == "rmm" and "last_seen" not in item):
                self.complete = False  # facts that another kind asks for may be missing
            def be(kind):
                def function(held, one):
                    if kind is None:
                        held.remove(one)
                    else:
                        one.update(kind=kind, was=list(key))
                        if kind not in worlds.HAS_SKU:
                            one.pop("sku", None)  # no source tells a product of such a kind
                return change(function)
            self.add([be(kind) for kind in [*kinds, None]])
        if item.get("state", "counts").startswith("unknown:"):
            self.add([change(lambda held, one, state=state: one.update(state=state), lambda one: one.get("state") == item["state"])
                      for state in ("counts", "cancelled")])
        accounts = [at for at, account in enumerate(self.raw["accounts"]) if account["source"] == self.raw["accounts"][index]["source"]]
        listed = {at for at in accounts if item["id"] in json.dumps([self.raw["accounts"][at].get(key) for key in ("items", "before", "earlier")])}
        if len(listed) > 1:
            self.complete = False  # other identities may contradict the id
        if rulebook.amount(item) is None:
            self.complete = False
            self.add([change(lambda held, one, many=many: one.update(quantity=many), lambda one: rulebook.amount(one) is None)
                      for many in (0, 1, 7)])
        if split:
            self.split_item(change, item, split)
        kind = self.world.kinds(self.raw["accounts"][index]["source"]).get(item["kind"])
        if kind is None:
            return
        self.holder(change, index, item, kind)
        by_rule = kind["person"] or self.policy  # the rules say what counts where a fact is missing, and never on which agreement
        asked = [one for one in worlds.ATTRIBUTES.get(item["kind"], {})
                 if (one in self.of_agreements if by_rule else one in self.raw["rules"] or one in kind["usual"])]
        attributes = [one for one in asked if one not in item.get("attributes", {})]
        # other words that a pattern of the rules fits: they need not be any other service's
        others = [pattern.replace("*", "Elsewhere") for pattern in sorted(set(re.findall(r'"([^"]*[*][^"]*)"', self.raw["rules"])))]
        for attribute in attributes:
            if split and split["by"] == attribute:
                continue
            known = worlds.ATTRIBUTES[item["kind"]][attribute]
            self.add([change(lambda held, one, attribute=attribute, word=word: one.setdefault("attributes", {}).update({attribute: word}),
                             lambda one, attribute=attribute: attribute not in one.get("attributes", {}))
                      for word in [*known, "Elsewhere", *others]])
        if by_rule:
            return
        asks_sku = "sku" in self.raw["rules"] or self.raw["rules"].count(".subscription") > 1  # one product at two sources
        source = self.raw["accounts"][index]["source"]
        asks_sku = asks_sku or self.leaves_products_out() and self.world.seen.get((source, rulebook.word(item["kind"]), "sku"))
        if item["kind"] in worlds.HAS_SKU and "sku" not in item and asks_sku:
            left_out = self.world.sources[source].get("skus_left_out", [])
            self.add([change(lambda held, one, sku=sku: one.update(sku=sku), lambda one: "sku" not in one) for sku in [*worlds.SKUS, "ELSE", *left_out]])
        if "first_seen" in self.text and "seen_within_days = false" in self.raw["rules"]:
            return  # nothing asks when it was last seen; known, it would say what was replaced
        if "last_seen" not in item and kind["stale_days"] is not None:
            old = str(self.world.count_day - datetime.timedelta(days=400))
            low = str(self.world.count_day - datetime.timedelta(days=4))
            if "seen_within_days" in self.raw["rules"] or self.shares_identity(item):
                self.complete = False  # with a limit of a rule, or between two others, there are more ways than these
            self.add([change(lambda held, one, seen=seen: one.update(last_seen=seen), lambda one: "last_seen" not in one)
                      for seen in (self.raw["count_day"] + "T23:59:59Z", low, old)])

    def holder(self, change, index, item, kind):
        """A holder of a licence whom no service of a group takes: he is no holder, or one of them takes him after all."""
        account = self.raw["accounts"][index]
        once_per = f"{account['source']}.{item['kind']}"
        group = next((one for one in self.world.rules.groups.values() if one["once_per"] == once_per), None)
        if group is None or "client" not in account or self.is_asked_elsewhere(group):
            return
        raw = next(one for one in self.world.clients if one["id"] == account["client"])
        mine = [part for code in group["order"] for part in parts.parts_of(lines.Client(self.world, raw), code)]
        takers = [part.keys for part in [one for one in mine if one.holds is not False] or mine]
        whole = seats.Grouped(self.world, account["source"], [{"kind": item["kind"]}], {}, [], None, group, [], takers, alone=False)
        known = whole.facts(counts.Candidate(item, counts.OWN, self.world.synced_on(account["source"])))
        if whole.ways_to_look(known, kind) != ["no_holder", "holder"]:
            return
        ways = [""]
        for keys in takers:
            more = [one.replace("*", "") for key in ("holds", "holds_all") for one in rulebook.words(selection.tables(keys.get("where", {}))[0].get(key, []))]
            held = ";".join([known["holds"], *more])
            taken = [whole.takes(one, {**known, "holds": held}, kind) is True for one in takers]
            if True not in taken or takers[taken.index(True)] is not keys:
                self.complete = False
            else:
                ways.append(held)
        self.add([change(lambda held, one, words=words: one["attributes"].update(holds=words),
                         lambda one: one.get("attributes", {}).get("holds") == item["attributes"].get("holds")) for words in ways])

    def is_asked_elsewhere(self, group):
        """Whether a service that is not of the group asks what people hold."""
        file = self.world.rules.file
        sections = [file["services"], *file.get("agreement_types", {}).values()]
        for client in file.get("clients", {}).values():
            sections += [client, *client.get("agreements", {}).values()]
        return any("holds" in str(keys) for section in sections for code, keys in section.items() if code not in [*group["order"], "agreements"])

    def split_item(self, change, item, split):
        if counts.whose(split, item, "") != counts.SPLIT:
            return
        self.complete = False  # the word that gives it away is also asked by rules
        def named(word):
            return change(lambda held, one: one.setdefault("attributes", {}).update({split["by"]: word}))
        if rulebook.facts(item).get(split["by"]) is None and not self.policy:
            self.add([named(word) for word in split["parts"]] + [change(lambda held, one: held.remove(one))])
        else:
            self.add([change(lambda held, one: held.remove(one)), lambda world: None])

    def ties(self):
        """Items of one identity seen at one moment: which is newer is settled by the order of seconds, up to 24 ways."""
        for source in self.raw["sources"]:
            groups = collections.defaultdict(set)
            for index, account in enumerate(self.raw["accounts"]):
                if account["source"] != source["id"]:
                    continue
                for item in account.get("items", []) + account.get("before", []) + account.get("earlier", {}).get("items", []):
                    for name, values in counts.identities(item, ["serial", "mac", "name", "object_id", "mail"]).items():
                        for value in values:
                            groups[name, value, str(rulebook.moment(item.get("last_seen")))].add((index, item["kind"], item["id"]))
            if any(len(group) > 1 for group in groups.values()):
                self.complete = False

    def shares_identity(self, item):
        names = ["serial", "mac", "name", "object_id", "mail"]
        mine = counts.identities(item, names)
        for account in self.raw["accounts"]:
            for other in account.get("items", []) + account.get("before", []) + account.get("earlier", {}).get("items", []):
                theirs = counts.identities(other, names)
                if other is not item and other["id"] == item["id"]:
                    return True
                if other["id"] != item["id"] and any(mine[name] & theirs[name] for name in mine if name in theirs):
                    return True
        return False

    # ---- the PSA

    def client(self, index, client):
        state = client.get("read", "complete")
        for number, agreement in enumerate(client["agreements"]):
            if agreement.get("cycle_months") == "unknown" and state == "complete":
                self.complete = False  # a cycle may be any number of months
                self.add([lambda world, number=number, months=months: world["clients"][index]["agreements"][number].update(cycle_months=months)
                          for months in (1, 3, 12)])
        if state == "complete":
            return
        if state in ("failed", "partial"):
            self.complete = False
        if state == "fell":
            self.complete = False
        def read(world, agreements):
            world["clients"][index].pop("read")
            world["clients"][index].pop("before", None)
            world["clients"][index]["agreements"] = copy.deepcopy(agreements)
        now = client["agreements"]
        ways = [now]
        if state == "fell":
            have = {(agreement["id"], line["id"]) for agreement in now for line in agreement["lines"]}
            together = copy.deepcopy(now)
            for agreement in client["before"]:
                lost = [line for line in agreement["lines"] if (agreement["id"], line["id"]) not in have]
                same = [one for one in together if one["id"] == agreement["id"]]
                if same:
                    same[0]["lines"] += lost
                else:
                    together.append({**agreement, "lines": lost})
            ways.append(together)
        else:
            line = {"id": "more", "product": self.draw.choice(sorted(self.world.rules.services)), "quantity": self.draw.choice([1, 4, 9]), "price": "10"}
            extra = {"id": "AG-more", "lines": [line]}
            ways.append(now + [extra])
        self.add([lambda world, way=way: read(world, way) for way in ways])

    # ---- all ways

    def ways(self):
        """(the settled worlds, are these all)"""
        variables = self.variables + self.late
        size = 1
        for variable in variables:
            size *= len(variable)
        if size <= WAYS_MAX:
            drawn = list(itertools.product(*variables))
        else:
            drawn = [[self.draw.choice(variable) for variable in variables] for _ in range(WAYS_MAX)]
        return [self.settled(way) for way in drawn], self.complete and size <= WAYS_MAX

    def settled(self, way):
        world = json.loads(self.text)
        for source in world["sources"]:
            said = source.setdefault("words", {})
            for (name, kind, attribute), known in self.world.seen.items():
                if name == source["id"]:
                    key = f"{kind}.{attribute}" if attribute else "kind"
                    said[key] = sorted({*map(rulebook.word, said.get(key, [])), *known})
        for change in way:
            change(world)
        self.replaced(world)
        for account in world["accounts"]:
            of_days = [item for days in account.get("days", []) for item in days["items"]]
            for item in account.get("items", []) + account.get("earlier", {}).get("items", []) + of_days:
                item.pop("was", None)
        return world


def ends(row):
    return Fraction(row["at_least"]), None if row["at_most"] == "none" else Fraction(row["at_most"])


def compared(found):
    """The rows that compare, by client, service and agreement; of two the one that is no `agreement_ending`."""
    rows = {}
    for row in sorted(found["rows"], key=lambda row: row["kind"] == "agreement_ending", reverse=True):
        if "at_least" in row:
            rows[row["client"], row["service"], row.get("agreement") or ""] = row
    return rows


def sign(row):
    return "" if row is None else "over" if row["kind"] in OVER else "under" if row["kind"] in UNDER else ""


def unsettled_rules(world):
    """Clients of whom it is not known which lines stand (not all read, a cycle that is not known), while what should be billed
    or is left alone hangs on the lines that stand and on their days: kinds of agreement, less included, a minimum, commitments,
    dated rules, a peak of the month that is invoiced, lines that begin later. Nothing is said of them here."""
    hangs = any(word in world["rules"] for word in ("agreement_types", "minimum", "client_committed", "commitment = {", 'at = "peak"', ".agreements", "until = ", "from = "))
    def open_lines(client):
        cycles = [agreement.get("cycle_months") for agreement in client["agreements"]]
        return client.get("read", "complete") != "complete" or "psa" in world or "unknown" in cycles
    def dated(client):
        return any(word in json.dumps(client) for word in ("less_included", '"from"'))
    return {client["id"] for client in world["clients"] if (hangs or dated(client)) and open_lines(client)}


def grantors(world):
    """The services that grant units of each service. Where both are wide the same may be unknown of both, so that together they
    reach less than the ends say."""
    found = collections.defaultdict(set)

    def look(table):
        for code, keys in table.items():
            if isinstance(keys, dict):
                for other in keys.get("grants", {}):
                    found[other].add(code)
                look(keys)
    look(rulebook.Rules(world["rules"]).file)
    return found


def bound_services(raw):
    """Services of which one missing fact says whether an item counts, and whether it is committed: the least of both is less than
    the least that they come to together."""
    world, found = rulebook.World(raw), set()
    for code, keys in world.rules.services.items():
        spec = keys.get("commitment")
        if "count" not in keys or not isinstance(spec, dict):
            continue
        counted = {(part["source"], part["kind"]) for part in world.rules.parts(keys["count"])}
        for part in world.rules.parts(spec["of"]):
            items = [item for account in raw["accounts"] if account["source"] == part["source"]
                     for held in (account, account.get("earlier", {})) for item in [*held.get("items", []), *held.get("before", [])]]
            asked = {selection.real(one) for table in selection.tables(spec.get("where", {})) for one in table}
            if (part["source"], part["kind"]) in counted and any(
                    item["kind"] in (part["kind"], "unknown") and asked - set(rulebook.facts(item)) for item in items):
                found.add(code)
    return found


def joined_services(raw):
    """Services that take the largest of counts of one source in which one device is listed as two kinds: where one of both is
    unknown so is the other, and the least of the larger is more than the larger of the least."""
    world, found = rulebook.World(raw), set()
    for code, keys in world.rules.services.items():
        join, terms, _ = joins.read(world.rules, keys["count"]) if "count" in keys else ("sum", [], None)
        for source in {part["source"] for parts in terms for part in parts} if join == "max" else ():
            kinds = [kind for parts in terms for kind in {part["kind"] for part in parts if part["source"] == source}]
            listed = collections.defaultdict(set)
            for item in [item for account in raw["accounts"] if account["source"] == source
                         for held in (account, account.get("earlier", {}))
                         for item in [*held.get("items", []), *held.get("before", [])]]:
                for name, values in counts.identities(item, ["serial", "mac", "name", "object_id", "mail"]).items():
                    for value in values:
                        listed[name, value].add(item["kind"])
            if any(len(one & {*kinds, "unknown"}) > 1 for one in listed.values()):
                found.add(code)
    return found


def faults(first, ways, complete, passed_over=(), granting=None, bound=()):
    """What does not hold between the outcome of a world and those of its settlings."""
    if "skipped" in first or any("skipped" in way for way in ways):
        return []
    wrong = [way for way in [first, *ways] if "rows" not in way]
    if wrong:
        return [(("world",), f"no outcome: {wrong[0].get('error')}")]
    said, settled = compared(first), [compared(way) for way in ways]
    out = []
    moved = [row for way in [first, *ways] for row in way["rows"] if row["kind"] == "moved"]
    # of two clients of whom one has taken over the other, both rows become one without figures
    passed_over = {*passed_over, *(row[end] for row in moved for end in ("client", "to"))}
    said = {key: row for key, row in said.items() if key[0] not in passed_over}
    exact = {key[:2] for key, row in said.items() if len(set(ends(row))) == 1}
    loose = {(client, service) for client, service, _ in [key for way in [said, *settled] for key in way]
             if service in bound or any((client, other) not in exact for other in (granting or {}).get(service, ()))}
    for key, row in said.items():
        rows = [way.get(key) for way in settled]
        low, high = ends(row)
        for other in filter(None, rows):
            least, most = ends(other)
            if least < low or (high is not None and (most is None or most > high)):
                out.append((key, f"said {row['at_least']} to {row['at_most']}, settled {other['at_least']} to {other['at_most']}"))
        for other in filter(None, rows):
            if sign(row) == sign(other) != "" and abs(Fraction(other["variance"])) < abs(Fraction(row["variance"])):
                out.append((key, f"said {row['variance']} at the least, settled {other['variance']}"))
        if sign(row) and any(sign(other) and sign(other) != sign(row) for other in rows):
            out.append((key, f"{row['kind']} turns round"))
        if sign(row) and any(not sign(other) for other in rows):
            out.append((key, f"{row['kind']} vanishes: {sorted({other['kind'] if other else 'no row' for other in rows})}"))
        if complete and all(rows) and row["kind"] != "agreement_ending" and key[:2] not in loose:
            least, tops = min(ends(other)[0] for other in rows), [ends(other)[1] for other in rows]
            if least != low or (None not in tops and high != max(tops)):
                out.append((key, f"said {row['at_least']} to {row['at_most']}, the hull is {least} to {max(tops) if None not in tops else 'none'}"))
    if complete:
        for key in {key for way in settled for key in way if key[0] not in passed_over and key[:2] not in loose}:
            signs = {sign(way.get(key)) for way in settled}
            if len(signs) == 1 and signs != {""} and sign(said.get(key)) not in signs:
                out.append((key, f"every way is {signs}, and there is {said.get(key, {}).get('kind')}"))
    return out


def chunk(asked, ends):
    """(settled worlds, worlds gone through whole, worlds that the oracle refuses, those with a fault) of the worlds from one
    number to another."""
    first, settled, refused = [], [], 0
    for world in (worlds.world(asked.seed, index, needs_unknown=True) for index in range(*ends)):
        try:
            settled.append(Settler(world, random.Random(f"{asked.seed}/{world['name']}")).ways())
            first.append(world)
        except rulebook.Refused:
            refused += 1
    found = engine.run(asked.binary, first + [way for ways, _ in settled for way in ways])
    at, failed = len(first), []
    for outcome, world, (ways, complete) in zip(found, first, settled):
        outcomes, at = found[at:at + len(ways)], at + len(ways)
        wrong = faults(outcome, outcomes, complete, unsettled_rules(world), grantors(world), bound_services(world) | joined_services(world))
        if wrong:
            failed.append((world, len(ways), complete, wrong))
    return sum(len(ways) for ways, _ in settled), sum(complete for _, complete in settled), refused, failed


def main():
    asked = compare.arguments(__doc__).parse_args()
    failed, whole, many, passed_over = [], 0, 0, 0
    for ways, complete, refused, more in engine.in_chunks(chunk, asked, BATCH):
        many, whole, passed_over, failed = many + ways, whole + complete, passed_over + refused, failed + more
    for world, ways, complete, wrong in failed[:asked.show]:
        told = "; ".join(f"{' '.join(key)}: {what}" for key, what in wrong[:3])
        print(f"world {world['name']} ({ways} ways{', all' if complete else ''}): {told}")
    print(f"seed {asked.seed}: {asked.count} worlds, {passed_over} skipped by the oracle, {many} settled ones, {whole} worlds gone through whole, {len(failed)} with a fault")
    if failed:
        with open(asked.keep, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(world, ensure_ascii=False) + "\n" for world, *_ in failed)
        print(f"they are in {asked.keep}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
