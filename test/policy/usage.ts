/**
 * What `npm run policy -- --help` says, and to whom.
 *
 * @module
 */

/** Something that we need is not to be had. `exit` is the process's exit code. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: number

  constructor(exit: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = exit
  }
}

export const USAGE = `npm run policy -- check|test|diff: work on policy packs

  npm run policy -- check [DIR…] [--json]
  npm run policy -- test  [DIR…] [--case TEXT] [--json]
  npm run policy -- diff  --log LOG --openfga URL --store NAME [--from DIR…] [DIR…] [--limit N] [--json]

DIR is a pack's folder (model.fga, manifest.yaml, cases.yaml), or a folder with an fga.mod that lists packs.
Without one: the packs that ship.

check   Reads models, manifests and cases together and names every mistake by file and line. Needs no server.
        What OpenFGA alone can find (an expression in a condition) is found by test.
test    Plays the cases: each on a store of its own, through a real PDP over HTTP, on a real OpenFGA that it
        starts itself (in memory; the first time it is built, which takes minutes).
        --case TEXT      only cases whose name contains it
diff    Which decisions of a recorded log would be turned by a change of policy, from the packs of --from (those in
        force; without it, those that ship) to those of DIR. Every evaluation of the log is made again under both,
        with the clock at the entry's time, on one copy of the store's facts as they are now, so that a difference is
        due to the policy alone. The store itself is only read. Name all packs that would be in force, not only the
        changed ones: what no pack knows is denied.
        --log LOG        a log's directory (live or copied), or the URL of a PDP (an auditor's token in MANDATE_TOKEN)
        --openfga URL    the OpenFGA that holds the facts; its key in OPENFGA_API_TOKEN
        --store NAME     the store there (OPENFGA_STORE of the PDP)
        --from DIR       the packs to compare with; again for several
        --limit N        the newest N evaluations of the log; default 10000

--json prints one JSON object instead.

Exit codes
  0 all is well, nothing turns    1 mistakes, broken promises or turned decisions were found    64 wrong usage
  65 unreadable data    66 no such log or store    69 unreachable    70 broken on our side    77 not allowed

Examples
  npm run policy -- check
  npm run policy -- check ./my-packs/expenses
  npm run policy -- test pdp/policies/nursing --case effort
  npm run policy -- diff --log ./log --openfga http://127.0.0.1:8080 --store mandate ./candidate/travel ./candidate/nursing
`
