using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.Testing.Golden;
using ImgAlign.Tokenizers;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Golden family <c>scorer</c>: HPSv2, PickScore, CLIP score and the aesthetic predictor.</summary>
internal static class ScorerKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add(
                "score-hps",
                static (golden, device) =>
                    golden.Inputs.ContainsKey("pixel_values") ? RunNetworks(golden, device) : ScoreHps(golden, device)
            )
            .Add("score-pick", ScorePick)
            .Add("score-clip", ScoreClip)
            .Add("score-aesthetic", ScoreAesthetic);

    private static Dictionary<string, torch.Tensor> ScoreHps(GoldenCase golden, torch.Device device)
    {
        var options = new HpsOptions
        {
            ModelPath = golden.CheckpointPath!,
            Preprocessing = Preprocess(golden) switch
            {
                "hpsv2" => HpsPreprocessing.Hpsv2,
                "hpsv2-no-antialias" => HpsPreprocessing.Hpsv2WithoutAntialias,
                "open_clip" => HpsPreprocessing.OpenClip,
                var other => throw Unknown(golden, other, "hpsv2, hpsv2-no-antialias and open_clip"),
            },
        };
        var pair = HpsFiles.Read(options.ModelPath, options.TokenizerPath, options.Preprocessing);
        var outputs = Score(golden, device, pair, runtime => new HpsScorer(runtime, options));
        outputs["ids"] = torch.nn.functional.pad(outputs["ids"], [0, pair.Prompts.Tokenizer.MaxLength - outputs["ids"].shape[1]]);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> ScorePick(GoldenCase golden, torch.Device device)
    {
        var path = golden.CheckpointPath!;
        var pair = ClipPair.Read("PickScore", path);
        var outputs = Score(golden, device, pair, runtime => new PickScorer(runtime, new PickScoreOptions { ModelPath = path }));
        outputs["probabilities"] = outputs["score"].softmax(-1);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> ScoreClip(GoldenCase golden, torch.Device device)
    {
        var path = golden.CheckpointPath!;
        var pair = ClipPair.Read("CLIP score", path);
        var outputs = Score(golden, device, pair, runtime => new ClipScorer(runtime, new ClipScoreOptions { ModelPath = path }));
        outputs["mean"] = outputs["score"].mean().Clamp(min: 0);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> ScoreAesthetic(GoldenCase golden, torch.Device device)
    {
        var preprocessing = Preprocess(golden) switch
        {
            "openai" => AestheticPreprocessing.OpenAi,
            "transformers" => AestheticPreprocessing.Transformers,
            var other => throw Unknown(golden, other, "openai and transformers"),
        };
        var options = new AestheticOptions
        {
            ModelPath = golden.PathOption("predictor")!,
            ClipPath = golden.CheckpointPath!,
            Preprocessing = preprocessing,
        };
        var images = Images(golden);
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var scorer = new AestheticScorer(runtime, options);
        var byTorchvision = preprocessing == AestheticPreprocessing.OpenAi;
        using var pictures = new PictureEncoder(runtime, PictureParts.Read("Aesthetic predictor", options.ClipPath, byTorchvision));
        return new()
        {
            ["pixel_values"] = pictures.Preprocess(images),
            ["image_features"] = pictures.Encode(images),
            ["score"] = ToTensor(scorer.Score(images, [.. images.Select(static _ => "")])),
        };
    }

    private static Dictionary<string, torch.Tensor> Score(
        GoldenCase golden,
        torch.Device device,
        ClipPair pair,
        Func<DeviceRuntime, IImageScorer> create
    )
    {
        var (images, texts) = (Images(golden), golden.Options.Texts("texts").Select(static text => text!).ToList());
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var scorer = create(runtime);
        using var pictures = new PictureEncoder(runtime, pair.Pictures);
        using var prompts = new PromptEncoder(runtime, pair.Prompts);
        return new()
        {
            ["ids"] = prompts.Tokenize(texts),
            ["pixel_values"] = pictures.Preprocess(images),
            ["image_features"] = pictures.Encode(images),
            ["text_features"] = prompts.Encode(texts),
            ["score"] = ToTensor(scorer.Score(images, texts.Count == 1 ? [.. images.Select(_ => texts[0])] : texts)),
        };
    }

    // The two networks of HPSv2 on given pixels and ids.
    private static Dictionary<string, torch.Tensor> RunNetworks(GoldenCase golden, torch.Device device)
    {
        var config = Config(golden);
        using var checkpoint = Checkpoint.Open(golden.CheckpointPath!);
        using var vision = new ClipVisionModel(config.ToVision(), torch.META);
        using var text = new ClipTextModel(config.ToText(), torch.META);
        CheckpointBinder.Bind(vision, OpenClipNames.FindVision(checkpoint), OpenClipNames.Vision, torch.float32, device);
        var part = OpenClipNames.FindText(checkpoint);
        CheckpointBinder.Bind(text, part, OpenClipNames.Text(part), torch.float32, device);

        using var inVision = new ModuleRecorder(vision, golden.Outputs.Keys.Select(PathOf));
        using var inText = new ModuleRecorder(text, golden.Outputs.Keys.Select(PathOf));
        var image = vision.call(golden.Inputs["pixel_values"].to(device));
        var prompt = text.call(golden.Inputs["ids"].to(device));
        var outputs = golden
            .Outputs.Keys.Where(name => Recorder(name).Recorded.ContainsKey(PathOf(name)))
            .ToDictionary(name => name, name => Recorder(name).Recorded[PathOf(name)]);
        outputs["image_features"] = torch.nn.functional.normalize(image.Pooled!, dim: -1);
        outputs["text_features"] = torch.nn.functional.normalize(prompt.Pooled!, dim: -1);
        // The reference norms all tokens, of which only the class token goes on.
        outputs["visual.ln_post"] = torch.nn.functional.layer_norm(
            image.LastHiddenState!,
            [config.VisionCfg.Width],
            vision.get_parameter("post_layernorm.weight"),
            vision.get_parameter("post_layernorm.bias"),
            config.ToVision().LayerNormEps
        );
        return outputs;

        ModuleRecorder Recorder(string output) => output.StartsWith("visual.", StringComparison.Ordinal) ? inVision : inText;
    }

    // Ours of a module that OpenCLIP names.
    private static string PathOf(string output) =>
        output.Split('.') switch
        {
            ["visual", "conv1"] => "embeddings.patch_embedding",
            ["visual", "ln_pre"] => "pre_layrnorm",
            [.., "transformer", "resblocks", var number] => $"encoder.layers.{number}",
            ["token_embedding"] => "embeddings.token_embedding",
            ["ln_final"] => "final_layer_norm",
            _ => output,
        };

    private static OpenClipConfig Config(GoldenCase golden) => OpenClipConfig.ReadOrDefault(golden.CheckpointPath!);

    private static List<RgbImage> Images(GoldenCase golden) =>
        [.. Enumerable.Range(0, golden.Inputs.Count).Select(index => ImagingKinds.ToImage(golden.Inputs[$"image.{index}"]))];

    /// <summary>Scores as <c>[B]</c>.</summary>
    public static torch.Tensor ToTensor(IReadOnlyList<double> scores) => torch.tensor([.. scores.Select(static score => (float)score)]);

    private static string? Preprocess(GoldenCase golden) => golden.Options.GetProperty("preprocess").GetString();

    private static ImgAlignException Unknown(GoldenCase golden, string? preprocess, string known) =>
        new($"{golden.Folder}: preprocess '{preprocess}' is not known here; {known} are.");
}
