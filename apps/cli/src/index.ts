export { command as historyCommand } from './commands/history.ts';
