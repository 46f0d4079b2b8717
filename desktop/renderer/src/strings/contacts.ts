/**
 * Texts of the screen People.
 *
 * @module
 */
import { plural } from '@mandate/ui'

export const contacts = {
  title: 'People',
  lead: 'Those whom you named here. The names stay on this device: no service and no other person ever learns them.',
  invite: 'Invite somebody',
  redeem: 'Enter a code',
  emptyTitle: 'You know nobody here yet.',
  empty:
    'There is no directory to look in. Send somebody an invitation, or enter the code that they sent you: then each of you can let the other act.',
  known: 'People you named',
  unnamed: 'Not named yet',
  unnamedLead: 'Something runs between you and them, but you have not said who they are.',
  nameThem: 'Name them',
  waiting: 'Waiting for you',
  waitingLead: 'They used your code. Nothing starts before you have made sure that it is them.',
  sent: 'Invitations you sent',
  sentLead: 'A code is good once. Whoever has it can use it until then, so withdraw what you no longer need.',
  entered: 'Codes you entered',
  enteredLead: 'Waiting until whoever invited you has made sure that it is you.',
  past: 'Show past invitations',
  hidePast: 'Hide past invitations',
  mayForYou: 'Can act for you',
  youMay: 'You can act for them',
  nothingForYou: 'Nothing. They cannot act for you.',
  nothingForThem: 'Nothing. You cannot act for them.',
  stop: 'Stop it under Sharing',
  more: 'More',
  actions: (name: string) => `More for ${name}`,
  let: 'Let them act',
  edit: 'Name and note',
  remove: 'Remove the name',
  number: 'Number',

  editTitle: (name: string) => `Change how you know ${name}`,
  nameTitle: 'Who is this?',
  name: 'Name',
  nameHelp: 'What you call them. Only you see it.',
  note: 'Note',
  noteHelp: 'Anything that helps you to know them again. Only you see it.',
  save: 'Save',
  saved: (name: string) => `${name} is saved on this device.`,

  removeTitle: (name: string) => `Remove the name ${name}?`,
  removeNothing: 'They cannot act for you, and you cannot act for them. Only the name and the note go.',
  removeKeeps: 'Removing the name ends nothing. This goes on:',
  removeHow: 'To end it, revoke it under Sharing.',
  removeAction: 'Remove the name',
  removed: (name: string) => `The name ${name} is removed.`,

  status: {
    open: 'Nobody has used it yet',
    redeemed: 'Used, and waiting to be confirmed',
    confirmed: 'Confirmed',
    withdrawn: 'Withdrawn',
    expired: 'Ran out',
  } as const,
  knowOnly: 'To know each other. It gives nobody anything.',
  gives: (acts: string) => `Lets them ${acts}`,
  goodUntil: (when: string) => `good until ${when}`,
  confirmUntil: (when: string) => `to be confirmed by ${when}`,
  sentOn: (when: string) => `sent ${when}`,
  withdraw: 'Withdraw',
  withdrawn: 'Withdrawn. The code is good for nothing now.',
  leave: 'Take it back',

  compare: 'Make sure it is them',
  theirNumber: 'The number of whoever used your code',
  yourNumber: 'Your number',
  numberLoading: 'Working it out…',
  numberWhy:
    'It is made from the id that Mandate knows somebody by, so nobody else has the same. It is no secret: it only tells people apart.',
}

export const invite = {
  title: 'Invite somebody',
  purpose: 'What is it for?',
  purposes: { know: 'To know each other', grant: 'To let them act' },
  knowHelp: 'You can find each other here afterwards. It gives nobody anything.',
  somebody: 'whoever you confirm',
  means: 'What this means',
  meansKnow: 'Nobody can act for anybody by this alone.',
  starts: 'It starts when somebody has used the code and you have made sure who they are. Before that, nothing.',
  missing: 'Choose on what, and until when.',
  create: 'Make the code',
  shownOnce: 'This code is shown once.',
  shownWhy: 'It is kept nowhere. If you lose it, withdraw the invitation and make another.',
  code: 'The code',
  link: 'The same as a link, for who has this app',
  copyCode: 'Copy the code',
  copyLink: 'Copy the link',
  copied: 'Copied.',
  notCopied: 'It could not be copied. It is selected now: copy it by your keyboard.',
  expires: (when: string) => `Good once, until ${when}.`,
  next: 'What to do with it',
  steps: [
    'Send it to them in a way that reaches only them.',
    'They open the link, or enter the code under People.',
    'Then it waits for you here. Call them, compare a number, and confirm.',
  ],
  done: 'I have sent it',
}

export const redeem = {
  title: 'Use an invitation',
  opened: 'You opened an invitation. Look at it before you use it.',
  code: 'Code or link',
  codeHelp: 'It begins with mi_ or mandate://',
  notCode: 'This is no code of an invitation. It begins with mi_ or mandate://',
  name: 'Who sent it to you?',
  nameHelp: 'What you call them. Only you see it.',
  means: 'What this means',
  points: [
    'Whoever sent it learns the id that Mandate knows you by. Not your name, not your address.',
    'They must confirm that it is you. Until then neither of you has given the other anything.',
    'You give them nothing by it. They cannot act for you.',
  ],
  action: 'Use it',
  notNow: 'Not now',
  doneTitle: (name: string) => `${name} must confirm you now.`,
  doneWords: (name: string) =>
    `When ${name} calls, read this number aloud. If it is the one on their screen, nobody has come between you.`,
  doneWait: 'You find it again under People.',
  unsure: 'If you do not know who sent it, do not use it.',
}

export const confirmation = {
  title: 'Is it the one you invited?',
  steps: [
    'Call them, or meet them. Do not ask in the same message that the code was in.',
    'Ask them to open People and to read their number to you.',
    'Confirm only if it is this one, digit by digit.',
  ],
  name: 'What do you call them?',
  nothing: 'It gives them nothing. You can let them act afterwards.',
  starts: 'This starts at once:',
  action: 'It is the same number: confirm',
  other: 'It is another number: withdraw',
  confirmed: (name: string) => `${name} is confirmed.`,
  confirmedWith: (name: string) => `${name} is confirmed, and can act for you now.`,
  refused: 'Withdrawn. Whoever used the code got nothing.',
  review: 'Compare and confirm',
  count: (count: number) => `${plural(count, 'invitation waits', 'invitations wait')} for you.`,
}
