namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>The scorer: towers of its own, so that it does not judge by what the base model and the aligner were made with.</summary>
internal sealed class ScorerStage(StageContext context, long seed) : EncoderStage(context, seed, forDiffusion: false)
{
    internal override void Save() =>
        NetworkFile.Write(
            Path.Combine(Folder.Scorer, NetworkFile.Transformers),
            [.. NetworkFile.Weights(Text), .. NetworkFile.Weights(Vision), new("logit_scale", Parameters["logit_scale"])]
        );
}
