export { directorySource, httpSource, type Source, SourceError } from './source.ts'
