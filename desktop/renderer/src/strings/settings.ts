/**
 * The texts of the screen Settings: personas, and what agents may do.
 *
 * @module
 */
import { plural } from '@mandate/ui'

export const settings = {
  title: 'Settings',
  lead: 'The roles that you act in, and what agents may do for you in each.',
  take: 'Take a persona',
  emptyTitle: 'You hold no persona.',
  empty:
    'A persona is a role that you act in, such as traveler in your family. Without one nothing can be made or booked.',
  past: 'Show those that you gave back',
  hidePast: 'Hide those that you gave back',
  nameOf: (title: string, circle: string) => `${title.replaceAll('-', ' ')}, ${circle}`,
  acting: 'You act in this one',
  act: 'Act in this one',
  nowActing: (name: string) => `You act as ${name} now.`,
  more: 'More',
  actions: (name: string) => `More for ${name}`,
  status: {
    pending: 'Waiting',
    active: 'Active',
    inactive: 'Resting',
    suspended: 'Suspended',
    revoked: 'Given back',
  } as const,
  says: {
    pending: 'An administrator must approve it. Until then it can be used for nothing.',
    active: '',
    inactive: 'You let it rest. Nobody can act on what is yours under it, you neither, until you take it up again.',
    suspended: 'An administrator suspended it. Nobody can act under it until they lift that.',
    revoked: 'It is over. It can be taken anew as another one.',
  } as const,
  pending: 'Your last change of it is not confirmed yet. It takes effect as soon as the decision point can save it.',
  from: (when: string) => `Usable from ${when}`,
  till: (when: string) => `Usable until ${when}`,
  forever: 'Usable without an end',
  ended: (when: string) => `Its time ended ${when}`,
  taken: (when: string) => `taken ${when}`,

  rest: 'Let it rest',
  resume: 'Take it up again',
  giveBack: 'Give it back',
  restTitle: (name: string) => `Let ${name} rest?`,
  giveBackTitle: (name: string) => `Give ${name} back?`,
  restWords:
    'From this moment nobody can act on what is yours under it, you neither. You can take it up again at any moment.',
  giveBackWords:
    'It ends for good, at once: nobody can act on what is yours under it any more, you neither. What is booked stays booked.',
  stops: (count: number) =>
    count === 0
      ? 'No grant depends on it.'
      : `${plural(count, 'grant', 'grants')} ${count === 1 ? 'stops' : 'stop'} working with it:`,
  stopsUnknown: 'Which grants depend on it could not be read. They stop working in any case.',
  rested: (name: string) => `${name} rests.`,
  resumed: (name: string) => `${name} is active again.`,
  givenBack: (name: string) => `${name} is given back.`,
}

export const taking = {
  title: 'Take a persona',
  role: 'Which role?',
  other: 'Another…',
  otherTitle: 'Its title',
  otherHelp: 'As whoever runs this calls it, such as booking-assistant.',
  circle: 'In which circle?',
  circleHelp: 'Where you act in it, such as family or a company: lower-case letters, digits and hyphens.',
  till: 'Until when? (empty: without an end)',
  self: 'You can take this one by yourself, at once.',
  administrator: 'An administrator must approve this one first.',
  unknown: 'If it is one that an administrator approves, it waits for them first.',
  may: 'What it lets you do',
  action: 'Take it',
  taken: (name: string) => `You hold ${name} now.`,
  waits: (name: string) => `${name} waits for an administrator now.`,
  titles: {
    traveler: {
      name: 'Traveler',
      may: 'Have trips of your own, book them, and act on trips that others let you act on.',
    },
    'business-traveler': {
      name: 'Business traveler',
      may: 'Have trips of your own, book them, and act on trips that others let you act on.',
    },
    visitor: { name: 'Visitor', may: 'See what is shared with you.' },
    'travel-agent': {
      name: 'Travel agent',
      may: 'Plan, change and book trips for others who let you. No trips of your own.',
    },
    'office-manager': { name: 'Office manager', may: 'Plan and change trips for others who let you. You cannot book.' },
    'booking-assistant': { name: 'Booking assistant', may: 'See and book trips for others who let you.' },
  } as Readonly<Record<string, { readonly name: string; readonly may: string }>>,
}

export const autonomy = {
  title: 'What agents may do for you alone',
  none: 'Agents may do nothing for you that spends, whatever grant they hold.',
  noneHow: 'Allow it within limits, and each agent that you gave a grant can book within them.',
  off: 'You have taken your consent back. Agents may book nothing for you; your limits are kept.',
  sentence: (isBooking: boolean, bounds: readonly string[]) =>
    `Agents may ${isBooking ? 'book' : 'act'} for you ${bounds.join(', ')}.`,
  price: (amount: string) => `up to ${amount} an item`,
  leadTime: (span: string) => `at least ${span} ahead`,
  effort: (minutes: number) => `${plural(minutes, 'minute')} of effort at most`,
  risk: (risk: number) => `risk at most ${risk}`,
  who: 'Only agents that hold a grant from you, or from somebody who passed yours on.',
  set: 'Allow it within limits',
  change: 'Change the limits',
  stop: 'Stop all agents',
  stopTitle: 'Stop all agents?',
  stopWords: (name: string) =>
    `From this moment no agent can book anything of yours as ${name}, whatever grant it holds. The limits are removed; grants stay, and count again when you allow agents again.`,
  stopAction: 'Stop them now',
  stopped: 'No agent can book for you any more.',
  dialog: (name: string) => `What agents may do for you as ${name}`,
  consent: 'May agents book for you, without asking each time?',
  consents: { yes: 'Yes, within these limits', no: 'No' },
  priceLabel: 'An item costs at most',
  priceHelp: 'More than that, and it is denied: you book it yourself.',
  currency: 'Currency',
  currencyHelp: 'Prices in any other are denied.',
  leadLabel: 'Days ahead, at least',
  leadHelp: 'Nothing that starts sooner than that.',
  riskLabel: 'Risk, at most',
  riskHelp: '0 is none, 5 is the highest. The service says how risky each item is.',
  effortLabel: 'Minutes of effort, at most',
  effortHelp: 'What takes longer is denied: you decide it yourself.',
  unknownDomain: 'This app does not know the limits of this domain. Whoever runs it can set them with you.',
  means: 'What this means',
  atOnce: 'It counts from the very next thing that an agent tries. What is booked already stays booked.',
  save: 'Save',
  saved: 'Saved. It counts from now.',
  wrong: {
    currency: 'Give the code of a currency, such as EUR.',
    lead_time: 'Give a number of days from 0 to 3,650.',
    risk: 'Give a whole number from 0 to 5.',
    effort: 'Give a number of minutes, such as 30.',
  },
}
