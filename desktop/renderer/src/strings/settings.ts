/**
 * Texts of the screen Settings: personas, and limits for agents. Texts of a domain (titles, limits, units) come with its description.
 *
 * @module
 */
import { counted, plural } from '@mandate/ui'

export const settings = {
  title: 'Settings',
  lead: 'The roles that you act in, and what agents may do for you in each.',
  take: 'Take a persona',
  emptyTitle: 'You hold no persona.',
  empty:
    'A persona is a role that you act in, in a circle such as your family. Without one nothing can be made or done.',
  past: 'Show those that you gave back',
  hidePast: 'Hide those that you gave back',
  nameOf: (title: string, circle: string) => `${title}, ${circle}`,
  acting: 'You act in this one',
  act: 'Act in this one',
  nowActing: (name: string) => `You act as ${name} now.`,
  more: 'More',
  actions: (name: string) => `More for ${name}`,
  status: {
    pending: 'Waiting',
    active: 'Active',
    inactive: 'Inactive',
    suspended: 'Suspended',
    revoked: 'Given back',
  } as const,
  says: {
    pending: 'An administrator must approve it. Until then you cannot use it.',
    active: '',
    inactive:
      'You deactivated it. Nobody, including you, can act on what you made under it until you activate it again.',
    suspended: 'An administrator suspended it. Nobody can act under it until they lift that.',
    revoked: 'It has ended. You can take the same role again as a new persona.',
  } as const,
  pending: 'Your last change is not confirmed yet. It takes effect as soon as the decision point has saved it.',
  from: (when: string) => `Usable from ${when}`,
  till: (when: string) => `Usable until ${when}`,
  forever: 'Usable without an end',
  ended: (when: string) => `Its time ended ${when}`,
  taken: (when: string) => `taken ${when}`,

  rest: 'Deactivate',
  resume: 'Activate again',
  giveBack: 'Give it back',
  restTitle: (name: string) => `Deactivate ${name}?`,
  giveBackTitle: (name: string) => `Give ${name} back?`,
  restWords:
    'At once, nobody, including you, can act on what you made under it. You can activate it again at any time.',
  giveBackWords:
    'It ends at once and for good: nobody, including you, can act on what you made under it any more. What is done stays done.',
  stops: (count: number) =>
    count === 0
      ? 'No grant depends on it.'
      : `${plural(count, 'grant', 'grants')} ${count === 1 ? 'stops' : 'stop'} working with it:`,
  stopsUnknown: 'Which grants depend on it could not be read. They stop working in any case.',
  rested: (name: string) => `${name} is inactive.`,
  resumed: (name: string) => `${name} is active again.`,
  givenBack: (name: string) => `${name} is given back.`,
}

export const taking = {
  title: 'Take a persona',
  role: 'Which role?',
  other: 'Another…',
  otherTitle: 'Its title',
  otherHelp: 'As the operator calls it, such as booking-assistant.',
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
}

export const autonomy = {
  title: 'What agents may do for you without asking',
  none: 'Agents may do nothing for you that has limits, whatever grant they hold.',
  noneHow: 'Allow it within limits, and each agent that you gave a grant can act within them.',
  off: 'You have withdrawn your consent. Agents may do nothing for you that has limits; your limits are kept.',
  unknownLimits: 'Agents may act for you within limits that this app cannot show.',
  generalConsent: {
    question: 'May agents act for you, without asking each time?',
    sentence: 'Agents may act for you:',
  },
  sides: { at_most: 'at most', at_least: 'at least' } as const,
  days: 'days ahead',
  ahead: 'ahead',
  who: 'Only agents that hold a grant from you, or from a person who passed yours on.',
  set: 'Allow it within limits',
  change: 'Change the limits',
  stop: 'Stop all agents',
  stopTitle: 'Stop all agents?',
  stopWords: (name: string) =>
    `From this moment no agent can do anything for you as ${name} that has limits, whatever grant it holds. The limits are removed; grants stay, and count again when you allow agents again.`,
  stopAction: 'Stop them now',
  stopped: 'Agents are stopped: none can act for you within limits any more.',
  dialog: (name: string) => `What agents may do for you as ${name}`,
  consents: { yes: 'Yes, within these limits', no: 'No' },
  currency: 'Currency',
  currencyHelp: 'Amounts in any other are denied.',
  unknownDomain: 'This app does not know the limits of this domain: it is not in force, or could not be read.',
  means: 'What this means',
  atOnce: 'It counts from the next attempt of an agent. What is done already stays as it is.',
  save: 'Save',
  saved: 'Saved. It counts from now.',
  wrong: {
    currency: 'Give the code of a currency, such as EUR.',
    days: (most: number) => `Give a number of days up to ${counted(most)}.`,
    number: (isWhole: boolean, unit: string | undefined, least: number, most: number | undefined) => {
      const kind = isWhole ? 'a whole number' : 'a number'
      const range = most === undefined ? '' : ` from ${counted(least)} to ${counted(most)}`
      return `Give ${kind}${unit === undefined ? '' : ` of ${unit}`}${range}.`
    },
  },
}
