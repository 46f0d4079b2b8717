/**
 * All texts of the window. Another language would be another object of type {@link Strings}. Texts of reasons, problems and domains come from the
 * services.
 *
 * @module
 */
import { plural } from '@mandate/ui'
import { account, forget } from './strings/account.ts'
import { activity } from './strings/activity.ts'
import { amountWrong, instant } from './strings/amounts.ts'
import { confirmation, contacts, invite, redeem } from './strings/contacts.ts'
import { autonomy, settings, taking } from './strings/settings.ts'
import { grant, revoke, sharing } from './strings/sharing.ts'

const joined = new Intl.ListFormat('en-GB', { type: 'conjunction' })

const english = {
  brand: 'Mandate',
  skip: 'Skip to the page',
  actingAs: (title: string, circle: string) => `Acting as ${title}, ${circle}`,
  nav: {
    label: 'Main',
    trips: 'Trips',
    sharing: 'Sharing',
    people: 'People',
    settings: 'Settings',
    activity: 'Activity',
    account: 'Account',
  },
  loading: 'Loading…',
  close: 'Close',
  cancel: 'Cancel',
  done: 'Done',
  again: 'Try again',
  more: 'Show more',
  saving: 'Saving…',
  unsaved: { question: 'This is not saved yet.', stay: 'Go on editing', leave: 'Close without saving' },

  contacts,
  invite,
  redeem,
  confirmation,
  settings,
  taking,
  amountWrong,
  autonomy,
  instant,
  activity,
  account,
  forget,
  sharing,
  grant,
  revoke,

  people: {
    you: 'you',
    unnamed: (id: string) => `a person you have not named (${id})`,
    nameThem: 'Name this person',
  },
  things: {
    all: (domain: string) => `everything of ${domain}`,
    madeOn: (title: string, when: string) => `${title} (made ${when})`,
    allOfYours: (thing: string) => `${thing} of yours`,
    allOf: (owner: string, thing: string) => `${thing} of ${owner}`,
    ofOthers: (owner: string, thing: string) => `${owner}’s ${thing}`,
  },
  /** The beginning of a sentence. */
  capital: (text: string) => text.replace(/^./u, (letter) => letter.toUpperCase()),
  list: (items: readonly string[]) => joined.format(items),
  until: (when: string) => `until ${when}`,

  failure: {
    title: 'This could not be loaded.',
    offline: 'Mandate does not answer. Check your connection, then try again.',
    signedOut: 'Your session has ended. Sign in again to go on.',
    retryAfter: (seconds: number) => `Try again in ${plural(seconds, 'second')}.`,
  },
  stale: {
    title: 'You are offline.',
    words: 'You see stored data. Nothing can be changed until Mandate answers again.',
    since: (when: string) => `Last known ${when}.`,
    notAgain: 'You see a stored copy. The original can no longer be read.',
  },

  /** Name of the region; Alt+T moves the focus there. */
  toasts: 'Messages (Alt+T)',

  standing: {
    title: 'Can act for you now',
    nobody: 'Nobody can act for you now.',
    count: (count: number) => `${plural(count, 'other')} can act for you`,
    through: (who: string) => `through ${who}`,
    /** `verbs`: `book`. */
    butNot: (verbs: string) => `cannot ${verbs} now`,
    review: 'Review and stop',
    loading: 'Loading who can act for you…',
    unknown: 'Who can act for you could not be read.',
  },

  signIn: {
    title: 'Decide who acts for you.',
    lead: 'Let a person or an agent act in your name, see what they do with it, and take it back at any moment.',
    action: 'Sign in',
    how: 'Your system’s browser opens for it. This app never sees your password, your name or your e‑mail address.',
    waiting: 'Go on in your browser.',
    waitingLead: 'Your browser shows the sign-in page. When you are done there, this window goes on by itself.',
    waitingAside: 'It waits five minutes, then it gives up.',
    cancel: 'Cancel the sign-in',
    ended: 'Your session ended. Sign in again to go on.',
    signedOut: 'You are signed out. Nothing of yours is kept in this window.',
    forgotten: 'You are forgotten: what was yours has been erased, and you are signed out.',
    problems: {
      cancelled: { title: 'The sign-in was cancelled.', words: 'Nothing has changed. Start again whenever you like.' },
      timed_out: { title: 'The sign-in took too long.', words: 'After five minutes it is given up. Start again.' },
      refused: {
        title: 'You were not signed in.',
        words: 'The identity provider refused, or you declined there. Try again, or ask the operator.',
      },
      identity_unavailable: {
        title: 'The identity provider does not answer.',
        words: 'Check your connection, then try again.',
      },
      offline: {
        title: 'The identity provider does not answer.',
        words: 'Check your connection, then try again.',
      },
      clock_wrong: {
        title: 'This computer’s clock is wrong.',
        words: 'The identity provider rejects requests with a wrong time. Set date and time, then start again.',
      },
      invalid_response: {
        title: 'The response was not valid.',
        words: 'The response did not belong to this sign-in and was discarded. Start again.',
      },
      other: {
        title: 'The sign-in did not succeed.',
        words: 'Start again. If it happens again, tell the operator.',
      },
    },
    keystore: {
      title: 'This system has no safe keystore.',
      words:
        'No safe keystore was found, so the app will not write your sign-in to disk. You can sign in for this once: when the app closes, you are signed out.',
      action: 'Sign in until the app closes',
      help: 'Unlock or install a keyring (such as GNOME Keyring or KWallet) to stay signed in.',
    },
    /** The development host has no keystore on any system. */
    browserHost: 'The app runs in a browser here, for development. When npm run desktop ends, you are signed out.',
  },

  trips: {
    title: 'Trips',
    lead: 'What is yours, and what others let you see.',
    create: 'New trip',
    mine: 'Yours',
    shared: 'Shared with you',
    emptyTitle: 'No trips yet.',
    empty: 'Make one from a template. Nothing is booked before you, or somebody you allow, books it.',
    sharedEmpty: 'Nobody shares a trip with you. When somebody does, it is listed here.',
    createdOn: (when: string) => `made ${when}`,
    owner: (who: string) => `${who}’s`,
    back: 'All trips',
    chooseTemplate: 'From which template?',
    departs: 'Departure',
    departsHelp: (days: number) => `When you leave it, in ${days} days.`,
    createAction: 'Create trip',
    created: (title: string) => `${title} is created. Only you can act on it.`,
    total: 'Planned in all',
    items: 'Items',
    one: 'Trip',
    yours: 'This is yours.',
    andOthers: (names: string) => `${names} may act on it too.`,
    onlyYou: 'Nobody else may act on it.',
    ownedBy: (who: string) => `This belongs to ${who}.`,
    otherPersona: (acting: string, domain: string) => `You act as ${acting}, which is not a persona of ${domain}.`,
    otherPersonaMeans: 'Trips can be seen, made and booked in a persona of that domain only.',
    actAs: (persona: string) => `Act as ${persona}`,
    noPersona: 'You have none. Take one under Settings.',
  },

  item: {
    risk: (risk: number) => `risk ${risk} of 5`,
    status: { planned: 'Planned', booked: 'Booked', rebooked: 'Booked again' } as Readonly<Record<string, string>>,
    waiting: 'Waiting',
    trying: 'Trying…',
    permitted: 'Permitted',
    denied: 'Denied',
    wouldPermit: 'Would be permitted',
    wouldDeny: 'Would be denied',
    failed: 'Not decided',
    unchanged: 'Already booked as it stands',
    undecided: 'No decision could be obtained, so nothing was done. Try again.',
    failure: (code: string) =>
      `It could not be carried out (${code.replaceAll('_', ' ')}). Nothing was booked twice; try again.`,
    never: 'Not tried yet',
    by: (who: string) => `by ${who}`,
    byFor: (who: string, whom: string) => `by ${who} for ${whom}`,
    chain: 'On whose authority',
    inPerson: 'In person: no grant was needed.',
    record: 'Open in activity',
    noChain: 'No grant leads from the owner to the person or agent that tried.',
    more: 'More',
    book: 'Book in person',
    move: 'Move to another time',
    actions: (name: string) => `More for ${name}`,
  },

  reason: {
    cure: 'What would change it:',
    limit: (actual: string, limit: string) => `It is ${actual}; the limit is ${limit}.`,
    toSettings: 'Change your limits',
    toSharing: 'See the grants',
  },

  run: {
    inPerson: 'Book all in person',
    dryRun: 'Check without booking',
    checkMe: 'What you could book yourself',
    agent: (title: string) => `Let ${title} book it`,
    agentDry: (title: string) => `What ${title} could book for you`,
    agentNeedsGrant: (title: string) => `${title} has no access to this trip. Give it access before you let it book.`,
    agentForOthers: (title: string, whom: string) =>
      `${title} has access to this trip for ${whom}, not for you. Give it access before you let it book.`,
    giveFirst: (title: string) => `Give ${title} access`,
    running: (title: string) => `${title} is working…`,
    status: {
      running: 'Running',
      done: 'Done',
      denied: 'Denied: no access to this trip',
      failed: 'Failed: the service did not answer',
      stopped: 'Stopped: its authority ended',
      interrupted: 'Interrupted',
    } as Readonly<Record<string, string>>,
    dry: 'Checked only, nothing booked',
    sum: (permitted: number, denied: number, waiting: number) =>
      [
        plural(permitted, 'item permitted', 'items permitted'),
        `${denied} denied`,
        ...(waiting > 0 ? [`${waiting} to go`] : []),
      ].join(', '),
    resume: 'Resume',
    at: (when: string) => `at ${when}`,
    checkedTitle: 'Checked in person',
    bookedTitle: 'Booked in person',
    confirmTitle: 'Book this now?',
    /** `total`: `undefined` for several currencies. */
    confirmWords: (total: string | undefined) =>
      total === undefined ? 'This is booked now:' : `This is booked now, for ${total} in all:`,
    confirmByAgent: (title: string) =>
      `${title} books in your name what your grant and your limits permit. The rest stays planned.`,
    confirmInPerson: 'You book it yourself: no limit of yours applies.',
    confirmAction: 'Book now',
    nothingLeft: 'All of it is booked. What was moved since is booked again, at its price.',
  },

  move: {
    title: (name: string) => `Move ${name}`,
    when: 'New start',
    action: 'Move it',
    moved: (name: string) => `${name} is moved.`,
    conflict: 'It has changed since you saw it. The newest is shown now; look at it and choose again.',
    changes: (name: string) => `What was booked of ${name} is not changed until it is booked again.`,
  },

  access: {
    share: 'Who may act on this trip',
    yours: 'What you may do here',
    onlyYou: 'Only you. Nobody else may see it or act on it.',
    stop: 'You, and these. What you revoke ends at once.',
    let: 'Let',
    act: 'act',
    somebody: 'Somebody else…',
  },
}

export type Strings = typeof english

export const strings: Strings = english
