/**
 * The playground of `npm run serve`: a page on loopback where a pack is edited and tried. Nothing is written to the pack's folder.
 *
 * @module
 */
export { type Playground, type PlaygroundOptions, startPlayground } from './server.ts'
