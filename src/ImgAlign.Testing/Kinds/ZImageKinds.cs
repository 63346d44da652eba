using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.ZImage;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Z-Image's networks and schedule: family <c>zimage</c>.</summary>
internal static class ZImageKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("zimage-text", Text)
            .Add("zimage-transformer", Transform)
            .Add("zimage-lora", Transform)
            .Add("zimage-block", Block)
            .Add("zimage-schedule", Schedule);

    /// <summary>The scheduler of the case's folder, with the entries that the case replaces.</summary>
    public static SchedulerConfig ReadZImageScheduler(this GoldenCase golden, JsonElement entries)
    {
        var path = Path.Combine(golden.CheckpointPath!, "scheduler", "scheduler_config.json");
        var fields = JsonObject.Create(ConfigFile.ReadJson(path))!;
        foreach (var entry in entries.ValueKind == JsonValueKind.Object ? entries.EnumerateObject() : [])
            fields[entry.Name] = JsonNode.Parse(entry.Value.GetRawText());
        return SchedulerConfig.FromJson(JsonSerializer.SerializeToElement(fields), path);
    }

    private static Dictionary<string, torch.Tensor> Text(GoldenCase golden, torch.Device device)
    {
        var (folder, own) = (golden.CheckpointPath!, Path.Combine(golden.CheckpointPath!, "text_encoder"));
        var prompts = golden.Options.Texts("prompts").Select(static prompt => prompt!).ToList();
        var length = golden.Options.GetProperty("max_sequence_length").GetInt32();
        foreach (var (prompt, rendered) in prompts.Zip(golden.Options.Texts("rendered")))
            TokenizerKinds.RequireEqual(ZImageTextParts.Render(prompt), rendered!);
        // All layers, for cases that hold what each gives; the features are those before the last.
        var parts = ZImageTextParts.Read(Path.Combine(own, "config.json"), Path.Combine(folder, "tokenizer"), own, layersLeftOut: 0);
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var slot = new Runtime.ModelSlot<Networks.Llama.LlamaModel>(runtime, parts.Network);
        using var lease = slot.Use();
        var network = lease.Model;
        var penultimate = $"layers.{parts.Config.NumHiddenLayers - 2}";
        var rows = prompts.Select(prompt => parts.Tokenize(prompt, length)).ToList();
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["input_ids"] = Filled(static id => id, parts.Tokenizer.IdOf("<|endoftext|>")),
            ["attention_mask"] = Filled(static _ => 1, 0),
        };
        foreach (var (index, row) in rows.Index())
        {
            var paths = golden.Outputs.Keys.Select(static name => name.Replace("model.", "", StringComparison.Ordinal));
            using var recorder = new ModuleRecorder(network, paths.Append(penultimate));
            network.Run(network.Embed(torch.tensor(row.Select(static id => (long)id).ToArray(), [1, row.Count], device: device)));
            outputs[$"features_{index}"] = recorder.Recorded[penultimate][0];
            foreach (var (path, value) in recorder.Recorded)
                outputs[$"model.{path}"] = value[0];
        }
        return outputs;

        torch.Tensor Filled(Func<int, long> value, long filler) =>
            torch.tensor(
                rows.SelectMany(row => row.Select(value).Concat(Enumerable.Repeat(filler, length - row.Count))).ToArray(),
                [rows.Count, length]
            );
    }

    private static Dictionary<string, torch.Tensor> Transform(GoldenCase golden, torch.Device device)
    {
        using var network = LoadTransformer(golden, device);
        var pictures = List("x", device, golden);
        var captions = List("cap", device, golden);
        var times = golden.Inputs["t"].to(device);
        var outputs = new Dictionary<string, torch.Tensor>();
        // Pictures of one size are computed together.
        foreach (var group in pictures.Index().GroupBy(static picture => LatentGrid.Of(picture.Item.unsqueeze(0))))
        {
            var places = group.Select(static picture => picture.Index).ToList();
            var lengths = places.Select(place => (int)captions[place].shape[0]).ToList();
            var longest = lengths.Max();
            var features = torch.stack([
                .. places.Select(place => torch.nn.functional.pad(captions[place], [0, 0, 0, longest - captions[place].shape[0]])),
            ]);
            using var recorder = new ModuleRecorder(network, golden.Outputs.Keys);
            using var conditioning = network.Prepare(features, lengths, group.Key);
            var latents = torch.stack([.. group.Select(static picture => picture.Item)]);
            var time = torch.stack([.. places.Select(place => times[place])]);
            var samples = network.call(latents, time, conditioning);
            foreach (var (row, place) in places.Index())
                outputs[$"sample_{place}"] = samples[row];
            foreach (var (path, value) in recorder.Recorded)
                outputs[path] = path.EndsWith("embedder.2-1", StringComparison.Ordinal) ? value[0] : value;
            outputs["patches"] = group.Key.Pack(latents)[0];
            var positions = group.Key.Positions(LatentGrid.PadLength(longest)).ToArray();
            outputs["pos_ids"] = torch.tensor(positions).view(-1, 3);
            var rotations = conditioning.Rotations[0].squeeze(1).view_as_real(); // [N + M, dh/2, 2]
            outputs["rope_cos"] = rotations.select(-1, 0).clone();
            outputs["rope_sin"] = rotations.select(-1, 1).clone();
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Block(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        var config = ZImageConfig.FromJson(golden.Config, golden.Folder);
        using var block = ZImageTransformer.CreateBlock(config, torch.META);
        CheckpointBinder.Bind(block, weights, WeightMap.Identity, torch.float32, device);
        var rotations = AxialRope.Table(golden.Inputs["pos_ids"].to(device), config.AxesDims, config.RopeTheta);
        return new()
        {
            ["x"] = ZImageTransformer.RunBlock(block, golden.Inputs["x"].to(device), golden.Inputs["adaln_input"].to(device), rotations),
        };
    }

    private static Dictionary<string, torch.Tensor> Schedule(GoldenCase golden, torch.Device device)
    {
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var run in golden.Options.GetProperty("runs").EnumerateArray())
        {
            var config = golden.ReadZImageScheduler(default) with { Shift = run.GetProperty("shift").GetDouble() };
            var settings = new SamplingSettings
            {
                Steps = run.GetProperty("steps").GetInt32(),
                Guidance = 0,
                ImagePromptScale = 0,
                Sampler = Samplers.Euler,
            };
            var schedule = new FlowMatchSchedule(config).Create(settings, imageTokens: 0);
            var name = run.GetProperty("name").GetString();
            outputs[$"{name}.sigmas"] = ToTensor(schedule.Levels.Append(schedule.Ends[^1]).Select(static level => (float)level.Noise));
            outputs[$"{name}.timesteps"] = ToTensor(schedule.Levels.Select(static level => 1000 * level.Timestep));
            outputs[$"{name}.t"] = ToTensor(schedule.Levels.Select(static level => 1 - level.Timestep));
        }
        return outputs;

        static torch.Tensor ToTensor(IEnumerable<float> values) => torch.tensor(values.ToArray());
    }

    private static ZImageTransformer LoadTransformer(GoldenCase golden, torch.Device device)
    {
        var folder = Path.Combine(golden.CheckpointPath!, "transformer");
        using var opened = Checkpoint.Open(golden.PathOption("file") ?? folder);
        using var part = ZImageNames.Find(opened);
        var config = golden.PathOption("file") is null
            ? ZImageConfig.Read(Path.Combine(folder, "config.json"))
            : ZImageConfig.FromJson(golden.Config, golden.Folder);
        var network = new ZImageTransformer(config, torch.META);
        if (golden.PathOption("lora") is not { } file)
        {
            CheckpointBinder.Bind(network, part, ZImageNames.Of(part), torch.float32, device);
            return network;
        }
        using var lora = LoraWeights.Open(file);
        using var merged = ZImageNames.Merge(part, network, [(lora, golden.Options.GetProperty("scale").GetDouble())]);
        CheckpointBinder.Bind(network, merged, ZImageNames.Of(part), torch.float32, device);
        return network;
    }

    private static List<torch.Tensor> List(string name, torch.Device device, GoldenCase golden) =>
        [
            .. Enumerable
                .Range(0, golden.Inputs.Count)
                .Select(index => golden.Inputs.GetValueOrDefault($"{name}_{index}"))
                .TakeWhile(static tensor => tensor is not null)
                .Select(tensor => tensor!.to(device)),
        ];
}
