import { Board } from "./board.ts";
import { find } from "./dom.ts";
import { readBoot } from "./page.ts";
import { Room } from "./room.ts";

const boot = readBoot();
const room = find(document, ".room");
if (boot?.kind === "room" && room) new Room(room, boot);
else if (boot?.kind === "board") new Board(boot);
