export { type ProtectedResource, type ProtectedResourceOptions, protectedResource } from './resource-metadata.ts'
export { type ToolContent, toolError, toolResult } from './result.ts'
export {
  type DecidedCall,
  type DecidedTool,
  type DelegatedTool,
  defineTool,
  type ListedResources,
  type PermittedValues,
  type Tool,
  type ToolCall,
} from './tool.ts'
export { createToolServer, type ToolRequest, type ToolServer, type ToolServerOptions } from './tool-server.ts'
