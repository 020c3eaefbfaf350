// A small ordinary discord.js bot. Started with the playground's address and a token; tells on stdout what it saw.
const {
  ActionRowBuilder, ButtonBuilder, ButtonStyle, Client, GatewayIntentBits, ModalBuilder, SlashCommandBuilder,
  StringSelectMenuBuilder, TextInputBuilder, TextInputStyle,
} = require("discord.js");

const [url, token] = process.argv.slice(2);
const tell = (event, data = {}) => console.log(JSON.stringify({ event, ...data }));
const client = new Client({
  intents: [
    GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers, GatewayIntentBits.GuildMessages,
    GatewayIntentBits.GuildMessageReactions, GatewayIntentBits.MessageContent,
  ],
  rest: { api: `${url}/api`, cdn: url, mediaProxy: url },
});

const commands = [
  new SlashCommandBuilder().setName("all").setDescription("Every kind of option")
    .addStringOption((o) => o.setName("text").setDescription("d").setRequired(true).setAutocomplete(true))
    .addIntegerOption((o) => o.setName("whole").setDescription("d").setRequired(true))
    .addBooleanOption((o) => o.setName("truth").setDescription("d").setRequired(true))
    .addUserOption((o) => o.setName("user").setDescription("d").setRequired(true))
    .addChannelOption((o) => o.setName("channel").setDescription("d").setRequired(true))
    .addRoleOption((o) => o.setName("role").setDescription("d").setRequired(true))
    .addMentionableOption((o) => o.setName("either").setDescription("d").setRequired(true))
    .addNumberOption((o) => o.setName("number").setDescription("d").setRequired(true))
    .addAttachmentOption((o) => o.setName("file").setDescription("d").setRequired(true)),
  new SlashCommandBuilder().setName("group").setDescription("d").addSubcommandGroup((g) =>
    g.setName("inner").setDescription("d").addSubcommand((s) => s.setName("leaf").setDescription("d"))),
  new SlashCommandBuilder().setName("panel").setDescription("d"),
  new SlashCommandBuilder().setName("thread").setDescription("d"),
];

async function download(address) {
  return Buffer.from(await (await fetch(address)).arrayBuffer()).toString("base64");
}

const handlers = {
  async all(interaction) {
    await interaction.deferReply();
    const o = interaction.options;
    const file = o.getAttachment("file");
    await interaction.editReply(JSON.stringify({
      text: o.getString("text"), whole: o.getInteger("whole"), truth: o.getBoolean("truth"),
      user: o.getMember("user").displayName, channel: o.getChannel("channel").name, role: o.getRole("role").name,
      either: o.getMentionable("either").name, number: o.getNumber("number"), file: await download(file.url),
      name: file.name,
    }));
    const more = await interaction.followUp({ content: "for you", ephemeral: true });
    tell("followed", { ephemeral: more.flags.has("Ephemeral") });
  },
  async group(interaction) {
    await interaction.reply(`${interaction.options.getSubcommandGroup()} ${interaction.options.getSubcommand()}`);
  },
  async panel(interaction) {
    const buttons = new ActionRowBuilder().addComponents(
      new ButtonBuilder().setCustomId("press").setLabel("Press").setStyle(ButtonStyle.Primary).setEmoji("✅"),
      new ButtonBuilder().setCustomId("explain").setLabel("Explain").setStyle(ButtonStyle.Secondary));
    const select = new ActionRowBuilder().addComponents(new StringSelectMenuBuilder().setCustomId("choose")
      .addOptions({ label: "A", value: "a" }, { label: "B", value: "b" }));
    await interaction.reply({ content: "panel", components: [buttons, select] });
  },
  async thread(interaction) {
    const response = await interaction.reply({ content: "base", withResponse: true });
    const thread = await response.resource.message.startThread({ name: "work", autoArchiveDuration: 10080 });
    const post = await thread.send({ content: "vote", files: [{ attachment: Buffer.alloc(0), name: "空.txt" }] });
    await post.react("✅");
    tell("asked", { thread: thread.id, message: post.id });
    const filter = (_, user) => !user.bot;
    const pressed = await post.awaitReactions({ filter, max: 1, time: 10_000 });
    await pressed.first().users.remove(pressed.first().users.cache.find((user) => !user.bot));
    await thread.setArchived(true);
    tell("decided", { emoji: pressed.first().emoji.name });
  },
};

client.on("interactionCreate", async (interaction) => {
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    await interaction.respond(["red", "rose", "blue"].filter((c) => c.startsWith(typed)).map((c) => ({ name: c, value: c })));
  } else if (interaction.isChatInputCommand()) {
    await handlers[interaction.commandName](interaction);
  } else if (interaction.isStringSelectMenu()) {
    await interaction.reply({ content: `chose ${interaction.values[0]}`, ephemeral: true });
  } else if (interaction.isModalSubmit()) {
    await interaction.reply(`because ${interaction.fields.getTextInputValue("reason")}`);
  } else if (interaction.customId === "press") {
    await interaction.update({ content: "pressed", components: [] });
  } else {
    const reason = new TextInputBuilder().setCustomId("reason").setLabel("Reason").setStyle(TextInputStyle.Short);
    await interaction.showModal(new ModalBuilder().setCustomId("why").setTitle("Why?")
      .addComponents(new ActionRowBuilder().addComponents(reason)));
  }
});
client.on("messageCreate", (m) => tell("message", { content: m.content, channel: m.channel.name, archived: m.channel.archived }));
client.on("shardResume", () => tell("resumed"));
client.on("error", (error) => tell("error", { error: String(error) }));
process.on("unhandledRejection", (error) => tell("error", { error: String(error && error.stack) }));
client.once("clientReady", async () => {
  await client.application.commands.set(commands);
  tell("ready", { guilds: client.guilds.cache.size, members: client.guilds.cache.first().memberCount });
});
client.login(token);
