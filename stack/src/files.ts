export { privateFolder, readJson, writeAtomically } from '@mandate/service/private-files'
