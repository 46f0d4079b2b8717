export { directorySource, httpSource, type QueryResult, type Source, SourceError, type SourceQuery } from './source.ts'
