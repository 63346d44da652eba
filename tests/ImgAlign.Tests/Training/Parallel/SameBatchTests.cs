using ImgAlign.Testing.Reference;
using ImgAlign.Training;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary>Processes that do not see the same data.</summary>
public sealed class SameBatchTests
{
    [Fact]
    public void Processes_that_draw_different_samples_do_not_train()
    {
        var failure = Assert.Throws<ImgAlignException>(() =>
            InProcessGroup.Run(
                2,
                group =>
                {
                    using var task = new LineTask();
                    if (group!.Rank == 1)
                        task.Broken.Add(1);
                    using var trainer = new Trainer(task, new TrainerOptions { BatchSize = 4, Shuffle = false }, group);
                    return trainer.Run();
                }
            )
        );
        Assert.Contains("The processes draw different samples for step 0", failure.Message, StringComparison.Ordinal);
    }
}
