/** Express 4, installed beside 5 for the tests. Typed as 5: what is used of it is the same in both. */
declare module 'express4' {
  export { default } from 'express'
}
