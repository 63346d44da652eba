using ImgAlign.Detectors;
using ImgAlign.Networks.Llava;
using ImgAlign.Networks.Qwen;
using ImgAlign.Networks.Qwen3Vl;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The multimodal language model of a case: as the judge that users have, and its network for what the judge does not show.</summary>
internal abstract class JudgeModel : IDisposable
{
    private readonly DeviceRuntime runtime;
    private readonly Lazy<IImageJudge> judge;

    private JudgeModel(GoldenCase golden, torch.Device device, Func<DeviceRuntime, IImageJudge> open)
    {
        (Golden, Device) = (golden, device);
        runtime = GoldenNetworks.RuntimeOn(device);
        judge = new(() => open(runtime));
    }

    /// <summary>Opens the model of a case by the <c>model_type</c> of its checkpoint.</summary>
    public static JudgeModel Open(GoldenCase golden, torch.Device device) =>
        golden.ReadConfig().GetProperty("model_type").GetString() switch
        {
            "qwen2_5_vl" => new Qwen(golden, device),
            "qwen3_vl" => new Qwen(golden, device, Qwen3VlConfig.Read(golden.CheckpointPath!)),
            _ => new Llava(golden, device),
        };

    private GoldenCase Golden { get; }

    private torch.Device Device { get; }

    /// <summary>The model's own repetition penalty.</summary>
    public virtual double Penalty => 1;

    /// <summary>The whole text that is read, before an image's positions are repeated.</summary>
    public abstract string Render(JudgeQuestion question);

    /// <summary>A question as tokens, about an image, or about one of a single position.</summary>
    public abstract AnswerPrompt Tokenize(JudgeQuestion question, RgbImage? image);

    /// <summary>The ids that the reference writes down.</summary>
    public abstract IReadOnlyList<int> Whole(AnswerPrompt prompt);

    /// <summary>The logits of each answer, <c>[k, V]</c>.</summary>
    public abstract IReadOnlyList<torch.Tensor> ReadLogits(RgbImage image, IReadOnlyList<AnswerPrompt> prompts);

    /// <summary>The judge's own probabilities.</summary>
    public IReadOnlyList<double> Judge(RgbImage image, IReadOnlyList<JudgeQuestion> questions) =>
        runtime.RunAsync(() => judge.Value.Judge(image, questions)).GetAwaiter().GetResult();

    public void Dispose()
    {
        if (judge.IsValueCreated)
            judge.Value.Dispose();
        runtime.Dispose();
    }

    private sealed class Llava : JudgeModel
    {
        private readonly LlavaOptions options;
        private readonly LlavaProcessor processor;

        public Llava(GoldenCase golden, torch.Device device)
            : this(golden, device, Read(golden)) { }

        private Llava(GoldenCase golden, torch.Device device, LlavaOptions options)
            : base(golden, device, runtime => new LlavaDetector(runtime, options))
        {
            this.options = options;
            var config = LlavaConfig.Read(options.ModelPath, options.VisionTowerPath);
            processor = new(config, options.ModelPath, options.VisionTowerPath, options.JudgeTemplate, options.ImageAspectRatio);
        }

        public override string Render(JudgeQuestion question) =>
            $"{ConversationTemplate.ByName(options.JudgeTemplate).Render(question.Text)} {question.Answers[0]}</s>";

        public override AnswerPrompt Tokenize(JudgeQuestion question, RgbImage? image) => processor.TokenizeAnswer(question);

        public override IReadOnlyList<int> Whole(AnswerPrompt prompt) => [.. prompt.Prompt, .. prompt.Answer];

        public override IReadOnlyList<torch.Tensor> ReadLogits(RgbImage image, IReadOnlyList<AnswerPrompt> prompts)
        {
            using var network = LlavaKinds.LoadNetwork(Golden, Device);
            var pixels = processor.Preprocess(image).to(Device);
            return AnswerReading.ReadLogits(
                network.LanguageModel,
                prompts,
                (ids, cache) => network.Run(DecoderReading.ToRow(ids), pixels, cache),
                network: null
            );
        }

        private static LlavaOptions Read(GoldenCase golden)
        {
            var options = new LlavaOptions { ModelPath = golden.CheckpointPath!, VisionTowerPath = golden.PathOption("vision_tower") };
            if (golden.Options.Texts("template") is [{ } template])
                options.JudgeTemplate = template;
            if (golden.Options.Texts("image_aspect_ratio") is [{ } ratio])
                options.ImageAspectRatio = ratio;
            return options;
        }
    }

    private sealed class Qwen : JudgeModel
    {
        private readonly QwenConfig config;
        private readonly QwenProcessor processor;
        private readonly Func<IQwenModel> load;

        public Qwen(GoldenCase golden, torch.Device device)
            : this(
                golden,
                device,
                QwenConfig.Read(golden.CheckpointPath!),
                addsSystem: true,
                runtime => new QwenDetector(runtime, new() { ModelPath = golden.CheckpointPath! }),
                () => QwenKinds.LoadNetwork(golden, device)
            ) { }

        public Qwen(GoldenCase golden, torch.Device device, Qwen3VlConfig config)
            : this(
                golden,
                device,
                config,
                addsSystem: false,
                runtime => new Qwen3VlDetector(runtime, new() { ModelPath = golden.CheckpointPath! }),
                () => Qwen3VlKinds.LoadNetwork(golden, device)
            ) { }

        private Qwen(
            GoldenCase golden,
            torch.Device device,
            QwenConfig config,
            bool addsSystem,
            Func<DeviceRuntime, IImageJudge> open,
            Func<IQwenModel> load
        )
            : base(golden, device, open)
        {
            (this.config, this.load) = (config, load);
            processor = new QwenProcessor(config, golden.CheckpointPath!, system: null, maxPixels: null, addsSystem);
        }

        public override double Penalty => config.RepetitionPenalty;

        public override string Render(JudgeQuestion question) => processor.Render(question.Text, 1);

        public override AnswerPrompt Tokenize(JudgeQuestion question, RgbImage? image) =>
            processor.TokenizeAnswer(question, image is null ? 1 : processor.CountCells(image.Size));

        public override IReadOnlyList<int> Whole(AnswerPrompt prompt) => prompt.Prompt;

        public override IReadOnlyList<torch.Tensor> ReadLogits(RgbImage image, IReadOnlyList<AnswerPrompt> prompts)
        {
            var network = load();
            using var module = (torch.nn.Module)network;
            var patches = processor.Preprocess(image, Device);
            return AnswerReading.ReadLogits(
                network.LanguageModel,
                prompts,
                (ids, cache) => network.Run(DecoderReading.ToRow(ids), patches, cache),
                network: null
            );
        }
    }
}
